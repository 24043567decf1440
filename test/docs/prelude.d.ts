// Names that the documents take for granted in a snippet: one that it does not make itself is one of these.

import type { EventEmitter } from 'node:events';
import type { AnyTRPCRouter, initTRPC, TRPCMiddlewareFunction } from '@trpc/server';
import type { Catalog, EventInput, OpenFacts, PsycheCatalog } from 'psyche-events';
import type { EventsClient } from 'psyche-events/client';
import type { EventManager, EventProcedures } from 'psyche-events/server';
import type { Simulation } from 'psyche-events/simulation';
import type { WebSocketServer } from 'ws';
import type * as z from 'zod';

declare global {
  const manager: EventManager;
  const client: EventsClient;
  const simulation: Simulation;
  const latestStatus: EventInput<'system_status'>;

  // docs/open-events.md
  type Chat = Catalog<
    {
      reply: z.ZodType<{ agent_id: string; text: string }>;
      approval: z.ZodType<{ tool: string }>;
      viewer: z.ZodType<{ name: string }>;
      typing: z.ZodType<{ who: string }>;
    },
    {
      reply: OpenFacts<'growing', never>;
      approval: OpenFacts<'question', z.ZodType<{ allow: boolean }>>;
      viewer: OpenFacts<'presence', never>;
      typing: OpenFacts<'ephemeral', never>;
    }
  >;
  const catalog: Chat;
  const chat: EventsClient<Chat>;

  type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

  // The application of somebody who has one already.
  const t: ReturnType<typeof initTRPC.create>;
  const requireUser: TRPCMiddlewareFunction<object, object, object, object, unknown>;
  type AppRouter = { readonly _def: { readonly record: { events: EventProcedures<PsycheCatalog> } } };
  const currentUser: () => Promise<string>;
  const usersRouter: AnyTRPCRouter;
  const wss: WebSocketServer;
  const createContext: () => object;
  const appRouter: AnyTRPCRouter;

  // Parts of other runtimes, as docs/applications.md uses them.
  type Answers = (req: Request) => Promise<Response>;
  const Bun: { serve(options: { port: number; idleTimeout: number; fetch: Answers }): unknown };
  const Deno: { serve(options: { port: number }, answers: Answers): unknown };

  // README: a subscription as tRPC's documentation has it
  type Post = { id: string; title: string };
  const emitter: EventEmitter;
  const postsAfter: (id: string) => Promise<Post[]>;
  const storedPost: (post: { title: string }) => Promise<Post>;
}
