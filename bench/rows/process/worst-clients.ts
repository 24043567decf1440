import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { HOSTILE_KINDS, type HostileName } from '../../client/hostile.ts';
import { startClient, startServer } from '../../harness/pair.ts';
import { Core, startWorker } from '../../harness/process.ts';
import { short } from '../../harness/stats.ts';
import type { HostileCommands, HostileOptions } from '../../processes/hostile.ts';
import type { ServeCommands, ServeOptions } from '../../processes/serve.ts';
import { atMost, atMostTimes, type RowGroup } from '../section.ts';

const HONEST = 100;
const HOSTILE = 100;
const EVERY_MS = 10;
const QUANTILES = [0.5, 0.99, 1];
/** Ms that hostile clients have to do what they do, before anything is measured. */
const SETTLE_MS = 2_000;
const MIB = 1024 * 1024;
/** Bytes of memory for each hostile client: docs/operations. */
const MOST_MIB_EACH = 4;

/** Events that the log holds before: what hostile clients ask for. */
interface Past {
  readonly count: number;
  /** Characters of each message. Default: the bench's usual event. */
  readonly chars?: number;
}

const PAST: Past = { count: 5_000 };
const LARGE_PAST: Past = { count: 10_000, chars: 6_000 };

interface Measured {
  without: readonly number[];
  beside: readonly number[];
  /** Sentence about deliveries that the honest clients did not get; null when they got all. */
  lost: string | null;
  grownMib: number;
}

/** Delays and losses of honest subscribers beside hostile clients. */
export const worstClients: RowGroup = {
  name: 'worst-clients',
  async run(bench) {
    const redisUrl = await bench.redisUrl();
    const events = bench.quick ? 100 : 1000;
    const rows: string[][] = [];
    const bars = [];
    let lost = 0;
    for (const kind of Object.keys(HOSTILE_KINDS) as HostileName[]) {
      const measured = await measureBeside(redisUrl, kind, events, PAST);
      const [, p99 = Number.NaN] = measured.without;
      const [, p99Beside = Number.NaN] = measured.beside;
      if (measured.lost !== null) lost += 1;
      rows.push([
        kind,
        ...measured.without.map(short),
        ...measured.beside.map(short),
        measured.lost ?? '0',
        short(measured.grownMib),
      ]);
      bars.push(
        atMostTimes(`${kind}: honest p99`, p99Beside / p99, 2, 'without them'),
        atMost(`${kind}: memory grown`, measured.grownMib, HOSTILE * MOST_MIB_EACH, 'MiB'),
      );
    }
    bars.push(atMost('kinds beside which an event was lost', lost, 0, 'kinds'));
    return {
      title: 'Honest subscribers beside the worst clients',
      setting: `\`serve\` through Redis, ${1000 / EVERY_MS} events/s to ${HONEST} honest subscribers, and beside them ${HOSTILE} hostile clients of each kind in turn, ${1000 / 20} times a second each; ${PAST.count} events are in the log already. One core has the server and the publisher, the other Redis and all the clients, of which the hostile ones have less priority: even so they take time from the honest ones, and that is in these figures.`,
      tables: [
        [
          [
            `${HOSTILE} of`,
            'p50 ms without',
            'p99 ms without',
            'max ms without',
            'p50 ms',
            'p99 ms',
            'max ms',
            'lost',
            'memory grown, MiB',
          ],
          ...rows,
        ],
      ],
      bars,
    };
  },
};

/** Honest subscribers beside questions about a large log. */
export const questions: RowGroup = {
  name: 'questions',
  async run(bench) {
    const kind = 'questions that nothing answers';
    const {
      without,
      beside: with100,
      lost,
    } = await measureBeside(await bench.redisUrl(), kind, bench.quick ? 100 : 1000, LARGE_PAST);
    const [, p99 = Number.NaN] = without;
    const [, p99Beside = Number.NaN] = with100;
    return {
      title: 'A question that matches nothing, asked by a hundred at once',
      setting: `\`serve\` through Redis, ${1000 / EVERY_MS} events/s to ${HONEST} honest subscribers; ${HOSTILE} others ask once for what a filter leaves of ${LARGE_PAST.count} events of ${LARGE_PAST.chars} characters, which is nothing.`,
      tables: [
        [
          ['honest subscribers', 'p50 ms', 'p99 ms', 'max ms', 'lost'],
          ['without them', ...without.map(short), '0'],
          ['beside them', ...with100.map(short), lost ?? '0'],
        ],
      ],
      bars: [atMostTimes('honest p99', p99Beside / p99, 2, 'without them')],
    };
  },
};

async function measureBeside(
  redisUrl: string,
  kind: HostileName,
  events: number,
  past: Past,
): Promise<Measured> {
  const redisPrefix = `bench-worst-${Object.keys(HOSTILE_KINDS).indexOf(kind)}-${past.count}`;
  const options: ServeOptions = { redisUrl, redisPrefix, workers: 1 };
  await using server = startWorker<ServeCommands>('serve', Core.SERVER, options);
  await using publisher = startServer({ peer: 'ours', redisUrl, redisPrefix });
  const url = await server.ask.url();
  await publisher.ask.publish({ ...past, pace: { inFlight: 100 } });
  await using client = await startClient('ours', server);
  await client.ask.open({ count: HONEST, inputs: [undefined] });
  const run = async (count: number): Promise<readonly number[]> => {
    await client.ask.arm({ events: count, timed: true });
    const { sentAt } = await publisher.ask.publish({ count, pace: { everyMs: EVERY_MS } });
    await client.ask.drained();
    return client.ask.latencies({ sentAt, quantiles: QUANTILES });
  };
  await run(Math.ceil(events / 4)); // the warm-up
  const without = await run(events);
  const before = residentMib(server.pid);
  const hostileOptions: HostileOptions = { url, kind };
  await using hostile = startWorker<HostileCommands>('hostile', Core.CLIENT, hostileOptions);
  await hostile.ask.start(HOSTILE);
  await delay(SETTLE_MS);
  let peak = residentMib(server.pid);
  const looking = setInterval(() => {
    peak = Math.max(peak, residentMib(server.pid));
  }, 100);
  let besides: readonly number[] = QUANTILES.map(() => Number.NaN);
  let lost: string | null = null;
  try {
    besides = await run(events);
  } catch (error) {
    lost = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
  }
  clearInterval(looking);
  await hostile.ask.stop();
  return { without, beside: besides, lost, grownMib: peak - before };
}

function residentMib(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kib) * 1024) / MIB;
}
