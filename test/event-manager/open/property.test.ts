import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FeedHandle, FeedReader } from '../../../server/event-manager/feeds/feed-reader.ts';
import type { Batch } from '../../../server/event-manager/hubs/hub.ts';
import { EventManager, MemoryBroker } from '../../../server/index.ts';
import { Wild } from './wild-broker.ts';
import { catalog, type Events, type Item, type Live, OpenTopic } from './world.ts';

/** An open event as a subscriber knows it. */
interface Known {
  type: string;
  text: string;
  place: string;
}

type Picture = ReadonlyMap<string, Known>;

const paint = (picture: Picture, wants: (known: Known) => boolean): string =>
  JSON.stringify([...picture].filter(([, known]) => wants(known)).sort(([a], [b]) => (a < b ? -1 : 1)));

const WANTS = [
  { options: {}, wants: () => true },
  { options: { types: ['viewer', 'note'] }, wants: ({ type }: Known) => type === 'viewer' },
  {
    options: { types: ['reply'], filter: { agent_id: 'blue' } },
    wants: ({ type, place }: Known) => type === 'reply' && place === 'blue',
  },
  {
    options: { types: ['viewer'], filter: { room: 'blue' } },
    wants: ({ type, place }: Known) => type === 'viewer' && place === 'blue',
  },
  { options: { topics: ['default'] }, wants: () => true },
  { options: { every: 1 }, wants: () => true },
] as const;

/** Assembles what it gets as a client does. */
class Subscriber implements FeedReader {
  readonly name = 'subscriber';
  readonly picture = new Map<string, Known>();
  readonly wants: (known: Known) => boolean;
  /** Pictures at each stream_synced. */
  readonly atSynced: string[] = [];
  readonly problems: string[] = [];
  readonly isPaced: boolean;
  isFull = false;
  #waits = false;
  #note = 0;
  readonly #feed: FeedHandle;

  constructor(manager: EventManager<Events>, choice: number) {
    const { options, wants } = WANTS[choice % WANTS.length] ?? WANTS[0];
    this.wants = wants;
    this.isPaced = 'every' in options;
    this.#feed = manager.subscribe(options as Parameters<typeof manager.subscribe>[0]).attach(this);
  }

  take({ records }: Batch): boolean {
    for (const { json } of records) this.#apply(JSON.parse(json) as Item);
    return !this.isFull;
  }

  waitedFor(): void {
    this.#waits = true;
    if (!this.isFull) this.resume();
  }

  resume(): void {
    this.isFull = false;
    if (!this.#waits) return;
    this.#waits = false;
    this.#feed.resume();
  }

  fail(): void {}

  #apply({ event_type, data, open }: Item): void {
    const fields = data as Record<string, string>;
    if (event_type === 'stream_synced') this.atSynced.push(paint(this.picture, () => true));
    else if (event_type === 'stream_update') this.#update(fields);
    else if (event_type === 'note') {
      const number = Number(fields['text']);
      if (number <= this.#note) this.problems.push(`note ${number} after ${this.#note}`);
      this.#note = number;
    } else if (open) {
      const { agent_id, room, tool, text, name } = fields;
      if (open.state === 'open')
        this.picture.set(open.id, {
          type: event_type,
          text: text ?? name ?? tool ?? '',
          place: agent_id ?? room ?? '',
        });
      else this.picture.delete(open.id);
    }
  }

  #update(fields: Record<string, unknown>): void {
    const { id, at, text, data } = fields as {
      id: string;
      at?: number;
      text?: string;
      data?: Record<string, string>;
    };
    const known = this.picture.get(id);
    if ('state' in fields) this.picture.delete(id);
    else if (!known) this.problems.push(`an update of ${id}, which it was not told`);
    else if (data) this.picture.set(id, { ...known, text: data['name'] ?? '', place: data['room'] ?? '' });
    else if (known.text.length !== at)
      this.problems.push(`an append at ${at} to ${JSON.stringify(known.text)}`);
    else this.picture.set(id, { ...known, text: known.text + text });
  }
}

type Op =
  | { do: 'reply' | 'viewer' | 'approval'; place: string }
  | { do: 'append' | 'replace' | 'settle'; which: number; place: string }
  | { do: 'note' | 'turn' | 'hold' | 'flow' }
  | { do: 'join' | 'full' | 'resume'; which: number };

const place = fc.constantFrom('red', 'blue');
const which = fc.nat(1000);
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('reply', 'viewer', 'approval'), place }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('append', 'append', 'replace', 'settle'), which, place }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('note', 'turn', 'turn', 'hold', 'flow') }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('join', 'full', 'resume'), which }) },
);

const OPS = fc.array(op, { minLength: 30, maxLength: 150, size: 'max' });

/** A run: a hub, its open events, its subscribers, and the reference of plain objects. */
class World {
  readonly wild = new Wild();
  readonly broker = this.wild.around(new MemoryBroker());
  readonly manager = new EventManager<Events>({ broker: this.broker, catalog });
  readonly topic = new OpenTopic(this.broker);
  readonly subscribers: Subscriber[] = [];
  readonly now = new Map<string, Known>();
  /** The reference after each change. */
  readonly pictures: Picture[] = [new Map()];
  readonly #live: Live[] = [];
  #text = 0;

  async do(op: Op): Promise<void> {
    await this.#do(op);
    this.pictures.push(new Map(this.now));
  }

  async #do(op: Op): Promise<void> {
    switch (op.do) {
      case 'note':
        return void (await this.topic.note(++this.#text));
      case 'turn':
        for (let turn = 0; turn < 4; turn++) await setImmediate();
        return;
      case 'hold':
        this.wild.flows = false;
        return;
      case 'flow':
        return this.wild.flow();
      case 'join':
        return void this.subscribers.push(new Subscriber(this.manager, op.which));
      case 'full':
      case 'resume': {
        const subscriber = this.subscribers[op.which % this.subscribers.length];
        if (op.do === 'resume') subscriber?.resume();
        else if (subscriber) subscriber.isFull = true;
        return;
      }
      case 'reply':
      case 'viewer':
      case 'approval':
        return this.#begin(op.do, op.place);
      default:
        return this.#change(op);
    }
  }

  async #begin(type: 'reply' | 'viewer' | 'approval', place: string): Promise<void> {
    const text = `t${++this.#text}`;
    const data =
      type === 'reply'
        ? { agent_id: place, text }
        : type === 'viewer'
          ? { name: text, room: place }
          : { tool: text };
    const live = await this.topic.begin(type, data);
    this.#live.push(live);
    this.now.set(live.id, { type, text, place: type === 'approval' ? '' : place });
  }

  async #change({ do: what, which, place }: Extract<Op, { place: string; which: number }>): Promise<void> {
    const open = this.#live.filter(({ id }) => this.now.has(id));
    const live = open[which % open.length];
    const known = live && this.now.get(live.id);
    if (!known) return;
    const text = `t${++this.#text}`;
    if (what === 'settle') {
      const states = { reply: 'done', viewer: 'left', approval: 'withdrawn' } as const;
      await live.settle(states[known.type as keyof typeof states]);
      this.now.delete(live.id);
    } else if (what === 'append' && known.type === 'reply') {
      await live.append(text);
      this.now.set(live.id, { ...known, text: known.text + text });
    } else if (what === 'replace' && known.type === 'viewer') {
      await live.replace({ name: text, room: place });
      this.now.set(live.id, { ...known, text, place });
    }
  }

  /** Everything flows, everybody takes all. */
  async end(): Promise<void> {
    this.wild.flow();
    this.wild.loses = 0;
    await this.do({ do: 'viewer', place: 'red' }); // shows what was lost before
    for (const subscriber of this.subscribers) subscriber.resume();
    const ofAll = (pictureOf: (subscriber: Subscriber) => string) => this.subscribers.map(pictureOf);
    const expected = ofAll(({ wants }) => paint(this.now, wants));
    // What is open may look as it should before all has come: so it is looked at when all is quiet.
    const quietPictures = async () => {
      for (let turn = 0; turn < 20; turn++) await setImmediate();
      return ofAll(({ picture }) => paint(picture, () => true));
    };
    await expect.poll(quietPictures, { interval: 2, timeout: 300 }).toEqual(expected);
    await expect.poll(() => this.subscribers.every(({ atSynced }) => atSynced.length === 1)).toBe(true);
    expect(await quietPictures()).toEqual(expected);
  }
}

async function run(
  ops: readonly Op[],
  check: (world: World) => void,
  loses: (index: number) => boolean,
): Promise<void> {
  const world = new World();
  try {
    for (const [index, op] of ops.entries()) {
      world.wild.loses = loses(index) ? Number.POSITIVE_INFINITY : 0;
      await world.do(op);
    }
    await world.end();
    check(world);
  } finally {
    await world.manager.close();
  }
}

test('[O3] [O5] [O6] each subscriber has assembled what is open: at each stream_synced, and at the end', async () => {
  const check = ({ subscribers, pictures }: World) => {
    const possible = new Map(
      WANTS.map(({ wants }) => [wants, new Set(pictures.map((picture) => paint(picture, wants)))] as const),
    );
    for (const { atSynced, problems, wants, isPaced } of subscribers) {
      expect(problems).toEqual([]);
      if (!isPaced) for (const picture of atSynced) expect(possible.get(wants)).toContain(picture);
      expect(atSynced).toHaveLength(1);
    }
  };
  const runs = fc.asyncProperty(OPS, (ops) => run(ops, check, () => false));
  await fc.assert(runs, { numRuns: 150 });
}, 120_000);

test('[O5] and at the end although changes are lost on the way', async () => {
  const runs = fc.asyncProperty(OPS, fc.nat(9), (ops, lost) =>
    run(
      ops,
      () => {},
      (index) => index % 10 === lost,
    ),
  );
  await fc.assert(runs, { numRuns: 150 });
}, 120_000);
