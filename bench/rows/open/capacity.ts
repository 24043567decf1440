import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ByteCounter } from '../../client/byte-counter.ts';
import { Core, startWorker, type Worker } from '../../harness/process.ts';
import { median, short } from '../../harness/stats.ts';
import type { MembersCommands, MembersOptions } from '../../processes/members.ts';
import type { OpenNodeCommands, OpenNodeOptions } from '../../processes/open-node.ts';
import type { Bar, RowGroup } from '../section.ts';

const ROOM = 'room';
const WRITING = 'writing';
const TEXT_CHARS = 2_000;
const WARM_UP = 300;
const JOINS = 30;
const READS = 5;
const UPDATES = 200;
/** Ms of a lease that nobody has chosen, and those in which what is over is to be settled [O8]. */
const LEASE_MS = 15_000;
const NOTICED_MS = 5_000;

/** Ms between two looks at who is left: each reads the whole set. */
const LOOK_MS = 500;

/** Figures of one node, by their names. */
type Figures = Record<string, string>;

/** Many members, and many texts that grow, on one node. */
export const openCapacity: RowGroup = {
  name: 'open-capacity',
  async run(bench) {
    const [members, texts] = bench.quick ? [2_000, 200] : [10_000, 1_000];
    const redisUrl = await bench.redisUrl();
    const folder = mkdtempSync(join(tmpdir(), 'psyche-bench-'));
    const kept = {
      'in memory': {},
      'a file': { file: join(folder, 'log.db') },
      Redis: { redisUrl, redisPrefix: 'bench-open' },
    };
    const bars: Bar[] = [];
    const columns: Figures[] = [];
    try {
      for (const [name, broker] of Object.entries(kept)) {
        const { figures, settledMs } = await measureNode(
          { ...broker, maxOpen: members + texts },
          members,
          texts,
        );
        columns.push(figures);
        bars.push({
          bar: `${name}: all members of a process that died are lost within their lease and 5 s`,
          measured: `${(settledMs / 1000).toFixed(1)} s`,
          reached: settledMs <= LEASE_MS + NOTICED_MS,
        });
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    const [first = {}] = columns;
    return {
      title: 'Members and texts of a topic',
      setting: `One node with \`maxOpen\`, ${members} members in one topic, whose owners are one process with one connection, and ${texts} growing events of ${TEXT_CHARS} characters in another. Each topic has subscribers, so that the node mirrors its open set. Memory is the growth after garbage collection, with what the broker has in the process. A late joiner is a socket of this process, from its request to \`stream_synced\`.`,
      tables: [
        [
          ['', ...Object.keys(kept)],
          ...Object.keys(first).map((figure) => [figure, ...columns.map((column) => column[figure] ?? '–')]),
        ],
      ],
      bars,
    };
  },
};

async function measureNode(options: OpenNodeOptions, members: number, texts: number) {
  await using node = startWorker<OpenNodeCommands>('open-node', Core.SERVER, options);
  const { ask } = node;
  const url = await ask.url();
  const following: MembersOptions = { url, topic: ROOM };
  await using owner = startWorker<MembersCommands>('members', Core.CLIENT, following);
  using counting = new ByteCounter(url, { topic: ROOM });
  using wantsAll = new ByteCounter(url, { topic: ROOM, members: 'all' });
  using reading = new ByteCounter(url, { topic: WRITING });
  await Promise.all([counting, wantsAll, reading].map((socket) => socket.ready()));
  await owner.ask.join(WARM_UP);
  const empty = await ask.memory();
  await ask.startCount();
  const start = performance.now();
  await owner.ask.join(members - WARM_UP);
  const joinedMs = performance.now() - start;
  const joinedMicros = (await ask.counted()).cpuMicros;
  const full = await ask.memory();
  const each = (after: number, before: number, count: number) => short((after - before) / count / 1024);
  await ask.begin({ topic: WRITING, count: texts, chars: TEXT_CHARS });
  await reading.quiet();
  const withTexts = await ask.memory();

  const asNobody = await joinLate(node, { topic: 'quiet' }); // nothing is open there
  const asCount = await joinLate(node, { topic: ROOM });
  const asAll = await joinLate(node, { topic: ROOM, members: 'all' });
  const asReader = await joinLate(node, { topic: WRITING });

  await delay(1_500); // the number was told, and is not told again
  const [countBefore, allBefore] = [await counting.quiet(), await wantsAll.quiet()];
  await owner.ask.update(UPDATES);
  const changed = [(await counting.quiet()) - countBefore, (await wantsAll.quiet()) - allBefore];
  const renewals = await watchRenewals(node, options.redisUrl);
  const sweepMs = await ask.sweepMs(20);
  const readMs: number[] = [];
  for (let n = 0; n < READS; n++) {
    const begun = performance.now();
    await ask.open(ROOM);
    readMs.push(performance.now() - begun);
  }

  const died = performance.now();
  await owner[Symbol.asyncDispose]();
  while ((await ask.open(ROOM)) > 0) {
    if (performance.now() - died > 120_000) throw new Error('members are still there after two minutes');
    await delay(LOOK_MS);
  }
  const settledMs = performance.now() - died;
  const figures: Figures = {
    'heap of a member, KB': each(full.heapUsed, empty.heapUsed, members - WARM_UP),
    'resident memory of a member, KB': each(full.rss, empty.rss, members - WARM_UP),
    [`heap of a text of ${TEXT_CHARS} characters, KB`]: each(withTexts.heapUsed, full.heapUsed, texts),
    'members joined per second': ((members - WARM_UP) / (joinedMs / 1000)).toFixed(0),
    'CPU of a join, its announcement and two subscribers, µs': (joinedMicros / (members - WARM_UP)).toFixed(
      0,
    ),
    'joining late where nothing is open: bytes, ms, CPU ms': three(asNobody),
    'joining late, told the number: bytes, ms, CPU ms': three(asCount),
    'joining late, told all members: bytes, ms, CPU ms': three(asAll),
    [`joining late, ${texts} texts: bytes, ms, CPU ms`]: three(asReader),
    [`${UPDATES} members change, told the number: bytes`]: String(changed[0]),
    [`${UPDATES} members change, told all members: bytes`]: String(changed[1]),
    ...renewals,
    'all members read by `open`, ms': short(median(readMs)),
    'a look at all leases, none over, ms': short(sweepMs),
    'the owners’ process dies: s until all are lost': (settledMs / 1000).toFixed(1),
  };
  return { figures, settledMs };
}

function three({ bytes, ms, cpuMs }: Awaited<ReturnType<typeof joinLate>>): string {
  return [String(bytes), short(ms), short(cpuMs)].join(', ');
}

/** Bytes and ms of a connection's subscription until it stands, medians; and CPU of the node for both, mean. */
async function joinLate({ ask }: Worker<OpenNodeCommands>, input: unknown) {
  const url = await ask.url();
  const joins: { bytes: number; ms: number }[] = [];
  await ask.startCount();
  for (let n = 0; n < JOINS; n++) {
    using socket = new ByteCounter(url, input);
    await socket.ready();
    joins.push(socket.joining);
  }
  const { cpuMicros } = await ask.counted();
  return {
    bytes: median(joins.map(({ bytes }) => bytes)),
    ms: median(joins.map(({ ms }) => ms)),
    cpuMs: cpuMicros / 1000 / JOINS,
  };
}

/** A lease long: in it each owner renews twice. */
async function watchRenewals(
  { ask }: Worker<OpenNodeCommands>,
  redisUrl: string | undefined,
): Promise<Figures> {
  const redis = redisUrl === undefined ? null : new Redis(redisUrl);
  await redis?.config('RESETSTAT');
  await ask.startCount();
  const start = performance.now();
  await delay(LEASE_MS);
  const { cpuMicros, touches } = await ask.counted();
  const seconds = (performance.now() - start) / 1000;
  const scripts = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec((await redis?.info('commandstats')) ?? '');
  redis?.disconnect();
  const ofRedis = scripts
    ? [(Number(scripts[1]) / seconds).toFixed(0), short(Number(scripts[2]) / 10_000 / seconds)]
    : ['–', '–'];
  return {
    'leases renewed per second': (touches / seconds).toFixed(0),
    'the node’s CPU for that, % of a core': short(cpuMicros / 10_000 / seconds),
    'scripts in Redis per second': ofRedis[0] ?? '–',
    'Redis’s time in them, % of a core': ofRedis[1] ?? '–',
  };
}
