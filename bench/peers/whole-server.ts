import { createAppRouter, type EventManager, loadConfig, startServer } from '../../server/index.ts';
import type { RunningServer } from './peer.ts';

/** Starts this project as `npm start` has it, with everything that it guards, but without the simulation. */
export async function wholeServer(): Promise<RunningServer> {
  let manager: EventManager | undefined;
  const config = loadConfig({ port: 0, simulation: false, monitorIntervalMs: 0, logLevel: 'error' }, {});
  const { url } = await startServer(config, {
    application: (context) => {
      manager = context.manager;
      return { router: createAppRouter(context.manager) };
    },
  });
  return {
    url,
    publish: ({ event_type, data }) => manager?.publish(event_type, data),
    subscribers: () => manager?.stats().subscribers ?? 0,
  };
}
