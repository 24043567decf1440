import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Broker } from '../../../server/broker/broker.ts';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { startTestServer } from '../../client/test-server.ts';
import { openCatalog as catalog } from '../../open/catalog.ts';
import { bundle } from '../../setup/bundle.ts';
import { until } from '../../setup/until.ts';
import { tell } from '../chaos.ts';
import type { SleeperOptions, SleeperState } from './sleeper-process.ts';
import { neverSweeps } from './unprotected.ts';
import { startWatchers } from './watchers.ts';

const ROW = '23 an owner sleeps past its lease';
const TOPIC = 'run-1';
/** Renewed at half its time: an owner that is awake, on a machine that stalls for a second or two, keeps what it has. */
const LEASE_MS = 4000;

/** A client's process, which dies with its test. */
function startSleeper(options: SleeperOptions) {
  const child = fork(bundle(join(import.meta.dirname, 'sleeper-process.ts')), [JSON.stringify(options)]);
  let state: SleeperState | undefined;
  child.on('message', (told: SleeperState) => {
    state = told;
  });
  const exited = once(child, 'exit');
  return {
    child,
    get state() {
      return state;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

interface Sleep {
  /** True if its connection is cut meanwhile, as that of a machine that was closed. */
  isCut: boolean;
  wrap?: (broker: Broker) => Broker;
}

/** A client begins, joins and asks; it is stopped until its leases are over, and goes on. */
async function sleepPastTheLease({ isCut, wrap = (it) => it }: Sleep) {
  const memory = new MemoryBroker();
  const isProtected = wrap(memory) === memory;
  const manager = new EventManager({ catalog, broker: wrap(memory) });
  await using server = await startTestServer({ catalog, manager });
  await using watchers = await startWatchers([TOPIC], { urls: [server.wsUrl], perTopic: 1 });
  await using sleeper = startSleeper({ url: server.wsUrl, topic: TOPIC, leaseMs: LEASE_MS });
  const openNow = async () => (await memory.open.read(TOPIC)).events;
  const toAnswer = async () =>
    (await openNow()).find(({ entry }) => entry.json.includes('"tool":"answered"'));
  await expect.poll(() => sleeper.state).toBeDefined();
  await expect.poll(toAnswer).toBeDefined();

  sleeper.child.kill('SIGSTOP');
  const { reply = '', member = '' } = sleeper.state ?? {};
  if (isCut) server.drop();
  await manager.answer('approval', (await toAnswer())?.id ?? '', { allow: true }, { topic: TOPIC });
  const isOver = async () => (await openNow()).every(({ until }) => !isProtected && until < Date.now());
  await expect.poll(isOver).toBe(true);

  sleeper.child.kill('SIGCONT');
  sleeper.child.send('go on');
  await expect
    .poll(() => sleeper.state)
    .toMatchObject({ append: expect.anything(), done: expect.anything() });
  if (isProtected) {
    await expect
      .poll(() => sleeper.state)
      .toMatchObject({ again: expect.anything(), answered: expect.anything() });
    await expect.poll(() => sleeper.state?.expired).toBeDefined();
    await expect.poll(() => sleeper.state?.member).not.toBe(member);
  }
  const [watcher] = watchers.all;
  let ids: string[] = [];
  // One moment at which the log, the owner and who looks on agree.
  await until('what is open is seen', async () => {
    ids = (await openNow()).map(({ id }) => id);
    const isSeen = isDeepStrictEqual([ids, [sleeper.state?.member]], [watcher?.openIds, ids]);
    return isSeen || !isProtected;
  });
  const views = [reply, member].map((id) => watcher?.views.get(id));
  return { state: sleeper.state, member, ids, views, repeated: watcher?.repeated };
}

describe('an owner that sleeps past its lease', { timeout: 120_000 }, () => {
  test.each([
    { isCut: false, when: 'with its connection' },
    { isCut: true, when: 'and whose connection is cut' },
  ])('[O8] $when, is told that its event is over, and is there again once', async ({ isCut }) => {
    const { state, member, ids, views, repeated } = await sleepPastTheLease({ isCut });
    expect(state).toMatchObject({
      append: 'ALREADY_SETTLED aborted',
      done: 'ALREADY_SETTLED aborted',
      again: 'aborted',
      answered: 'answered',
      expired: 'expired',
      unhandled: [],
    });
    expect(ids).toEqual([state?.member]); // one member, under another id
    expect(views).toEqual([
      { state: 'aborted', text: 'so far', ends: 1 },
      { state: 'lost', text: '', ends: 1 },
    ]);
    expect([repeated, ids.includes(member)]).toEqual([0, false]);
    tell(ROW, { told: state?.done });
  });

  test('control: it writes on as if nothing had been where nobody looks at leases', async () => {
    const { state, member, ids } = await sleepPastTheLease({ isCut: false, wrap: neverSweeps });
    tell(ROW, { control: `settling is ${state?.done}` });
    expect(state).toMatchObject({ append: 'ok', done: 'ok', member });
    expect(ids).toContain(member);
  });
});
