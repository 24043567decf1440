import { createClient, type Transport } from '../../../client/index.ts';
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

/** Follows and publishes, while the server cuts connections in between, and reports what came. */
async function run(transports: Transport[] | undefined): Promise<Report> {
  const client = createClient({ transports });
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
    if (round % 2 === 1) await fetch('/drop', { method: 'POST' });
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

const asked = new URLSearchParams(location.search).get('transports');
const report = await run(asked ? (asked.split(',') as Transport[]) : undefined).catch((error: Error) => ({
  failed: String(error),
}));
await fetch('/report', { method: 'POST', body: JSON.stringify(report) });
