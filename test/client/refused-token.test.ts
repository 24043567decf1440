import { expect, test } from 'vitest';
import { type ClientOptions, createClient } from '../../client/index.ts';
import type { Authenticate } from '../../server/index.ts';
import { EventsError } from '../../shared/index.ts';
import { startTestServer } from '../app/harness.ts';
import { eventually } from './eventually.ts';

const authenticate: Authenticate = async () => {
  throw new EventsError('UNAUTHENTICATED', 'Sign in first.');
};

test.each<[string, ClientOptions, RegExp]>([
  ['a token', { token: 'guessed' }, /refused the token \(.*4501.*It says: Sign in first\. Pass a token/],
  ['no token', {}, /refused a client without a token \(.*4501.*It says: Sign in first\. Pass token\.$/],
  ['other params', { connectionParams: { user: 'ada' } }, /refused the connectionParams .*Sign in first\./],
])(
  'a client with %s that is refused tells so in the server’s words, and what to do',
  async (_, options, words) => {
    await using server = await startTestServer({}, { authenticate });
    for (const transports of [['ws'], ['sse']] as const) {
      const client = createClient({ url: server.url, transports, onError: () => {}, ...options });
      client.on('agent_message', () => {});
      await eventually(() => expect(client.connection.state.status).toBe('closed'));
      const refused = { code: 'UNAUTHENTICATED', message: expect.stringMatching(words) };
      expect(client.connection.state.error).toMatchObject(refused);
      await expect(client.history()).rejects.toMatchObject(refused);
      await client.close();
    }
  },
);
