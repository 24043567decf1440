import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ALL, SCRIPT } from './script.ts';

/** One reply that an agent has asked for. It is `left` if the agent went before it was whole. */
export interface Asked {
  readonly state: 'open' | 'whole' | 'left';
}

/**
 * A stand-in for a provider of language models, in the process of the test: agents on any server ask it for the reply of
 * the script, and it gives no step before the test has released it.
 */
export interface StandIn extends AsyncDisposable {
  readonly url: string;
  /** The replies that were asked for, in their order. */
  readonly asked: readonly Asked[];
  /** Lets each reply go on until it has given `steps` steps; after the last one it is whole. */
  release(steps: number): void;
}

interface Reply {
  state: Asked['state'];
  given: number;
  response: ServerResponse;
}

export async function startStandIn(): Promise<StandIn> {
  const replies: Reply[] = [];
  let released = 0;
  const give = (reply: Reply): void => {
    if (reply.state !== 'open') return;
    while (reply.given < released) reply.response.write(`${JSON.stringify(SCRIPT[reply.given++])}\n`);
    if (reply.given < ALL) return;
    reply.state = 'whole';
    reply.response.end();
  };
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end(); // a question that has no meaning, see World.settle
      return;
    }
    const reply: Reply = { state: 'open', given: 0, response };
    response.on('close', () => {
      if (reply.state === 'open') reply.state = 'left';
    });
    replies.push(reply);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
    give(reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: replies,
    release(steps) {
      released = Math.max(released, steps);
      for (const reply of replies) give(reply);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
