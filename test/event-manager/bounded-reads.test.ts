import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readHistory } from '../../server/event-manager/feeds/past/history.ts';
import { type Asker, HeldRecords, ownAsker } from '../../server/event-manager/reading/asker.ts';
import { startOfLast } from '../../server/event-manager/reading/read-backward.ts';
import { recentPages } from '../../server/event-manager/reading/recent-pages.ts';
import { ReadSteps } from '../../server/event-manager/reading/steps.ts';
import { TopicReader } from '../../server/event-manager/reading/topic-reader.ts';
import { Turns } from '../../server/event-manager/reading/turns.ts';
import { select } from '../../server/event-manager/records/selector.ts';
import { type Broker, EventManager, MemoryBroker } from '../../server/index.ts';
import { psycheEvents } from '../../shared/index.ts';
import { agentMessage } from '../support/events.ts';

const EVENTS = 4_000;
/** Some 30 MiB. */
const LARGE = 'x'.repeat(8_000);

let broker: CountingBroker;
let manager: EventManager;

/** Counts what is read of it. */
class CountingBroker extends MemoryBroker {
  reads = 0;
  records = 0;
  largest = 0;
  /** True if an answer comes in a later turn, as that of a file or of Redis does. */
  isRemote = false;

  forget(): void {
    this.reads = 0;
    this.records = 0;
    this.largest = 0;
    this.isRemote = false;
  }

  override async read(...question: Parameters<Broker['read']>): ReturnType<Broker['read']> {
    if (this.isRemote) await nextTurn();
    const result = await super.read(...question);
    this.reads++;
    this.records += result.records.length;
    this.largest = Math.max(
      this.largest,
      result.records.reduce((sum, { json }) => sum + json.length, 0),
    );
    return result;
  }
}

beforeAll(async () => {
  broker = new CountingBroker({ maxRecords: 1_000_000, maxBytes: 1024 ** 3 });
  manager = new EventManager({ broker });
  for (let n = 0; n < EVENTS / 100; n++) {
    await manager.publishBatch(
      Array.from({ length: 100 }, (_, i) => ({
        event_type: 'agent_message',
        data: agentMessage(`${n * 100 + i} ${LARGE}`),
      })),
    );
  }
});
afterAll(() => manager.close());
beforeEach(() => {
  broker.forget();
  recentPages.clear(); // else what one test read would not be read by the next
});

/** Counts the turns that others have while something is done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const counting = (async () => {
    for (; !isDone; turns++) await nextTurn();
  })();
  await work();
  isDone = true;
  await counting;
  return turns;
}

const nothing = select(psycheEvents, { filter: { agent_id: 'nobody' } });
/** A clock by which looking at a record takes half a millisecond, whatever the machine. */
function slowClock(): () => number {
  let ms = 0;
  return () => {
    ms += 0.5;
    return ms;
  };
}
const bounded = (now: () => number) => new Turns({ atOnce: 8, perAsker: 4, sliceMs: 2, now });
const endless = () => new Turns({ atOnce: 8, perAsker: 4, sliceMs: Number.POSITIVE_INFINITY });
const log = () => new TopicReader('default', broker, (record) => record);

describe('a question whose filter matches nothing', () => {
  const questions: [name: string, ask: (steps: ReadSteps) => Promise<unknown>][] = [
    ['history', (steps) => readHistory(log(), nothing, {}, steps)],
    [
      'history from a time',
      (steps) => readHistory(log(), nothing, { since: { at: new Date(0).toISOString() } }, steps),
    ],
    ['{ last }', (steps) => startOfLast(log(), nothing, 10_000, steps)],
  ];

  test.each(questions)('lets others have many turns during %s', async (_, ask) => {
    const now = slowClock();
    const steps = new ReadSteps(
      { turns: bounded(now), asker: ownAsker(), held: new HeldRecords() },
      undefined,
      undefined,
      now,
    );
    expect(await turnsDuring(() => ask(steps))).toBeGreaterThan(50);
    expect(broker.largest).toBeLessThan(300 * 1024);
  });

  test.each(questions)('control: takes all the time during %s without a bound', async (_, ask) => {
    expect(
      await turnsDuring(() =>
        ask(new ReadSteps({ turns: endless(), asker: ownAsker(), held: new HeldRecords() })),
      ),
    ).toBeLessThanOrEqual(2);
  });

  test('lets others have many turns during a replay at any speed', async () => {
    const replay = manager.replay({ filter: { agent_id: 'nobody' }, speed: 1_000_000 });
    const items: unknown[] = [];
    const turns = await turnsDuring(async () => {
      for await (const [, item] of replay) items.push(item.event_type);
    });
    expect(items).toEqual(['stream_synced']);
    expect(turns).toBeGreaterThan(5);
  });

  test('is processed in steps while a subscription catches up', async () => {
    const subscription = manager.subscribe({
      since: { at: new Date(0).toISOString() },
      filter: { agent_id: 'nobody' },
    });
    const items = subscription[Symbol.asyncIterator]();
    expect(await turnsDuring(() => items.next())).toBeGreaterThan(5);
    await items.return?.();
  });

  test('is read no further once its asker is gone', async () => {
    let gone = false;
    const asker = {
      ...ownAsker(),
      get gone() {
        return gone;
      },
    };
    const page = manager.history({ filter: { agent_id: 'nobody' }, asker });
    while (broker.reads === 0) await nextTurn();
    gone = true;
    await expect(page).rejects.toMatchObject({ code: 'CLOSED' });
    expect(broker.records).toBeLessThan(EVENTS / 2);
  });
});

describe('a page of history', () => {
  test('ends after a bounded amount of reading, found or not, and its cursors lead on to everything', async () => {
    const wanted = { filter: { message: { prefix: '7 ' } } };
    const backward = await manager.history(wanted);
    expect(backward).toMatchObject({ items: [], gaps: [], atEnd: true });
    expect(broker.records).toBeLessThan(EVENTS / 2);
    let pages = 1;
    let page = backward;
    for (; page.items.length === 0 && page.previous !== null; pages++) {
      page = await manager.history({ ...wanted, before: page.previous });
    }
    expect(page.items.map(({ cursor }) => Number(cursor.split(':')[1]))).toEqual([8]);
    expect(pages).toBeGreaterThan(2);

    let forward = await manager.history({
      filter: { message: { prefix: '3999 ' } },
      since: { at: new Date(0).toISOString() },
    });
    expect(forward).toMatchObject({ items: [], atEnd: false });
    while (forward.items.length === 0 && !forward.atEnd) {
      forward = await manager.history({ filter: { message: { prefix: '3999 ' } }, since: forward.next });
    }
    expect(forward.items).toHaveLength(1);
  });

  /** Asks for 20 pages at once. @returns how many were being made at a time */
  async function pagesAtOnce(askerOf: () => Asker): Promise<number> {
    broker.isRemote = true;
    let most = 0;
    let held = 0;
    const made = {
      admitAnswer: () => {
        most = Math.max(most, ++held);
      },
      answered: () => {
        held--;
      },
    };
    const pages = Array.from({ length: 20 }, () =>
      manager.history({ limit: 1000, asker: Object.assign(askerOf(), made) }),
    );
    await Promise.all(pages);
    return most;
  }

  test('is made after the asker’s previous one, so that an asker does not have several held at once', async () => {
    const asker = ownAsker();
    expect(await pagesAtOnce(() => asker)).toBe(1);
  });

  test('control: is made at the same time for several askers', async () => {
    expect(await pagesAtOnce(ownAsker)).toBeGreaterThan(1);
  });
});
