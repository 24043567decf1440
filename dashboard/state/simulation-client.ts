import { createTRPCClient, httpLink, type TRPCClient, TRPCClientError } from '@trpc/client';
import type { TRPCBuiltRouter, TRPCDefaultErrorShape } from '@trpc/server';
import { transformer } from '../../shared/index.ts';
import type { simulationProcedures } from '../../simulation/index.ts';

type SimulationRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: TRPCDefaultErrorShape; transformer: true },
  { simulation: ReturnType<typeof simulationProcedures<object, object, object>> }
>;

/** The controls of a server's simulation: requests over HTTP, since each is one click. The address is relative: see App. */
export const simulationClient: TRPCClient<SimulationRouter> = createTRPCClient({
  links: [httpLink({ url: 'trpc', transformer })],
});

/** Tells if a server says that it runs no such simulation. */
export function isAbsence(error: unknown): boolean {
  if (!(error instanceof TRPCClientError)) return false;
  const { code, reason } = (error.data ?? {}) as { code?: string; reason?: string };
  return code === 'NOT_FOUND' || reason === 'INVALID_TOPIC';
}
