import { type EventEmitter, on } from 'node:events';
import { createServer } from 'node:http';
import { GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLString } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer as serveGraphql } from 'graphql-ws/use/ws';
import { WebSocket, WebSocketServer } from 'ws';
import { listen } from '../../peers/listen.ts';
import type { Contender, Tick } from '../contender.ts';
import { tickSource } from './tick-source.ts';

function schemaOf(emitter: EventEmitter): GraphQLSchema {
  async function* subscribe(): AsyncGenerator<{ tick: Tick }> {
    for await (const [tick] of on(emitter, 'tick') as AsyncIterable<[Tick]>) yield { tick };
  }
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { version: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: { tick: { type: new GraphQLScalarType({ name: 'Tick' }), subscribe } },
    }),
  });
}

/** graphql-ws with an async generator over an EventEmitter, as on https://the-guild.dev/graphql/ws/get-started. */
export const graphqlWs: Contender = {
  async serve(redisUrl) {
    const { emitter, publish } = await tickSource(redisUrl);
    const http = createServer();
    serveGraphql({ schema: schemaOf(emitter) }, new WebSocketServer({ server: http }));
    return { url: (await listen(http)).replace('ws:', 'http:'), publish };
  },
  async follow(url) {
    const client = createClient({
      url: url.replace('http:', 'ws:'),
      webSocketImpl: WebSocket,
      retryAttempts: Number.POSITIVE_INFINITY,
      shouldRetry: () => true,
    });
    const numbers: number[] = [];
    const told: string[] = [];
    client.subscribe<{ tick: Tick }>(
      { query: 'subscription { tick }' },
      {
        next: ({ data }) => void (data && numbers.push(data.tick.n)),
        error: (error) => void told.push(String(error)),
        complete: () => {},
      },
    );
    // The protocol has no word for a subscription that has begun.
    await new Promise<void>((resolve) => client.on('connected', () => setTimeout(resolve, 200)));
    return { numbers, told, [Symbol.asyncDispose]: async () => client.dispose() };
  },
};
