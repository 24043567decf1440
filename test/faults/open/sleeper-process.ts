import { createClient } from '../../../client/index.ts';
import { EventsError } from '../../../shared/errors.ts';
import { openCatalog as catalog } from '../../open/catalog.ts';

/** A client that writes, is there and asks, in a process that can be stopped. Its argument is a `SleeperOptions` as JSON. */
export interface SleeperOptions {
  url: string;
  topic: string;
  leaseMs: number;
}

/** The ends of its calls, told all the time: `ok`, a state, or an error with its settlement. */
export interface SleeperState {
  reply: string;
  /** Id of its membership now. */
  member: string;
  /** Once it was sent a message: an append, the settlement, and the event begun again under its key. */
  append?: string;
  done?: string;
  again?: string | undefined;
  /** The end of the question that is answered, and of the one that expires. */
  answered?: string;
  expired?: string;
  /** Errors that nobody handled. */
  unhandled: string[];
}

const EVERY_MS = 20;

const { url, topic, leaseMs } = JSON.parse(process.argv[2] ?? '') as SleeperOptions;
const unhandled: string[] = [];
for (const event of ['unhandledRejection', 'uncaughtException'])
  process.on(event, (error) => unhandled.push(String(error)));

const client = createClient({ url, catalog });
const options = { topic, key: 'sleeper', leaseMs };
const begin = () => client.begin('reply', { agent_id: 'sleeper', text: 'so far' }, options);
const reply = await begin();
const member = await client.join('viewer', { name: 'Ada' }, { topic, leaseMs });
const state: SleeperState = { reply: reply.id, member: member.id, unhandled };
const ask = (tool: string, timeoutMs: number) =>
  client.ask('approval', { tool }, { topic, timeoutMs }).then(({ state }) => state, String);
void ask('answered', 3_600_000).then((end) => Object.assign(state, { answered: end }));
void ask('expired', leaseMs).then((end) => Object.assign(state, { expired: end }));

function endOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'ok',
    (error: unknown) =>
      error instanceof EventsError ? `${error.code} ${error.settled?.state}` : String(error),
  );
}

process.once('message', async () => {
  const append = await endOf(reply.append(', and no more'));
  const done = await endOf(reply.done());
  Object.assign(state, { append, done, again: (await begin()).settled?.state });
});
setInterval(() => process.send?.({ ...state, member: member.id }), EVERY_MS);
process.on('disconnect', () => process.exit()); // its test is over, however it ended
