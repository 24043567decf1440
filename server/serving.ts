export { isLoopback } from './access/names/host-address.ts';
export type { Application, ApplicationContext } from './app/application.ts';
export { type RunningServer, startServer } from './app/start-server.ts';
export type { Broker } from './broker/broker.ts';
export { MemoryBroker } from './broker/memory-broker.ts';
export type { AgentsById } from './performance-monitor/agent-figures.ts';
export type { BaseProcedure } from './router/admitting.ts';
export { createAppRouter } from './router/app-router.ts';
export { asTRPCError } from './trpc/errors.ts';
