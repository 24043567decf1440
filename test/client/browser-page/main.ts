import { createClient, type EventsClient, type Transport } from '../../../client/index.ts';
import { agentMessage } from '../../support/events.ts';

/** An account of the clients of the page. */
export interface Report {
  transport: Transport | null;
  /** Messages of the three subscriptions, one of which came later. */
  got: string[][];
  sent: string[];
  gaps: number;
  /** The code of an event that its schema refuses. */
  refused: unknown;
  /** Events in a page of history. */
  history: number;
  /** The status after closing. */
  end: string;
}

const ROUNDS = 4;
const EACH = 15;

/**
 * Follows and publishes, while connections are cut in between, and reports what came.
 * @param cut has the connection cut while events are on their way
 */
async function run(client: EventsClient, cut: () => Promise<unknown>): Promise<Report> {
  const got: string[][] = [[], [], []];
  let gaps = 0;
  const follow = (at: number) =>
    client.on('agent_message', ({ data }) => got[at]?.push(data.message), { onGap: () => gaps++ });
  const first = [follow(0), follow(1)];
  await Promise.all(first.map(({ ready }) => ready));
  const sent: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const texts = Array.from({ length: EACH }, (_, i) => `${round}-${i}`);
    sent.push(...texts);
    if (round === 2) await follow(2).ready;
    const published = texts.map((text) =>
      client.publish('agent_message', agentMessage(text), { timeoutMs: 60_000 }),
    );
    if (round % 2 === 1) await cut();
    await Promise.all(published);
  }
  const late = Date.now() + 20_000;
  while (Date.now() < late && (got[0]?.length !== sent.length || got[2]?.length !== 2 * EACH))
    await new Promise((resolve) => setTimeout(resolve, 20));
  const refused = await client
    .publish('agent_message', { ...agentMessage('x'), sentiment: { score: 9, label: 'neutral' } })
    .catch((error: { code: unknown }) => error.code);
  const { items } = await client.history({ limit: 100 });
  const { transport } = client.connection.state;
  await client.close();
  const { status } = client.connection.state;
  return { transport, got, sent, gaps, refused, history: items.length, end: status };
}

/** Waits until the client has lost its connection, which nobody uses meanwhile. */
function lost(client: EventsClient): Promise<void> {
  return new Promise((resolve) => {
    const stop = client.connection.subscribe(({ status }) => {
      if (status !== 'reconnecting') return;
      stop();
      resolve();
    });
  });
}

/** Follows, and reports why nothing comes, once the client blames the proxy's waiting. */
async function why(client: EventsClient): Promise<{ told: string }> {
  client.on('agent_message', () => {});
  const told = await new Promise<string>((resolve) => {
    client.connection.subscribe(
      ({ error }) => error?.message.includes('holds answers back') && resolve(error.message),
    );
  });
  await client.close();
  return { told };
}

/** Sends the report, again where a proxy cuts the connection. */
async function tell(report: object): Promise<unknown> {
  const body = JSON.stringify(report);
  return fetch('/report', { method: 'POST', body }).catch(() => tell(report));
}

const asked = new URLSearchParams(location.search);
const transports = asked.get('transports')?.split(',') as Transport[] | undefined;
const client = createClient({ transports });
const drop = () => fetch('/drop', { method: 'POST' });
const report = await (asked.has('why')
  ? why(client)
  : run(client, asked.has('idle') ? () => lost(client) : drop)
).catch((error: Error) => ({ failed: String(error) }));
await tell(report);
