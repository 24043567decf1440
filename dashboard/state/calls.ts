import { createTRPCClient, httpLink, type TRPCClient } from '@trpc/client';
import type { TRPCBuiltRouter, TRPCDefaultErrorShape } from '@trpc/server';
import { transformer } from '../../shared/index.ts';
import type { simulationProcedures } from '../../simulation/index.ts';

type PageRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: TRPCDefaultErrorShape; transformer: true },
  { simulation: ReturnType<typeof simulationProcedures<object, object, object>> }
>;

/** The server's procedures beside its events: requests over HTTP, since each is one click. The address is relative: see App. */
export const calls: TRPCClient<PageRouter> = createTRPCClient({
  links: [httpLink({ url: 'trpc', transformer })],
});
