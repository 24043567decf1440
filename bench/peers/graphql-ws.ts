import { EventEmitter, on } from 'node:events';
import { createServer } from 'node:http';
import { GraphQLObjectType, GraphQLScalarType, GraphQLSchema, GraphQLString } from 'graphql';
import { GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import { useServer as serveGraphql } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { AgentMessage } from '../events.ts';
import { listen } from './listen.ts';
import type { Peer, Step } from './peer.ts';

/** GraphQL over WebSocket. The event is one scalar: the cheapest schema it can have. */
export const graphqlWs: Peer = {
  handshake: {
    path: '/graphql',
    headers: { 'Sec-WebSocket-Protocol': GRAPHQL_TRANSPORT_WS_PROTOCOL },
    opening: () => ({ send: JSON.stringify({ type: 'connection_init' }) }),
    step: (text): Step => {
      if (!text.includes('"connection_ack"')) return {};
      const payload = { query: 'subscription { event }' };
      return { send: JSON.stringify({ id: '1', type: 'subscribe', payload }), ready: true };
    },
  },
  async serve() {
    const emitter = new EventEmitter().setMaxListeners(0);
    const http = createServer();
    const wss = new WebSocketServer({ server: http });
    serveGraphql({ schema: eventSchema(emitter) }, wss, 0);
    return {
      url: await listen(http),
      publish: (event) => {
        emitter.emit('event', event);
      },
      subscribers: () => emitter.listenerCount('event'),
    };
  },
};

function eventSchema(emitter: EventEmitter): GraphQLSchema {
  async function* subscribe(): AsyncGenerator<{ event: AgentMessage }> {
    for await (const [event] of on(emitter, 'event') as AsyncIterable<[AgentMessage]>) yield { event };
  }
  return new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { version: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: { event: { type: new GraphQLScalarType({ name: 'Event' }), subscribe } },
    }),
  });
}
