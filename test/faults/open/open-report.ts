import { expect } from 'vitest';
import type { Broker } from '../../../server/broker/broker.ts';
import { fromLogEntry } from '../../../shared/log.ts';
import { allRecords } from '../../broker/contract/entries.ts';
import { openOf } from '../../broker/open/open-events.ts';
import type { OpenCatalog } from '../../open/catalog.ts';
import type { Watcher } from './watchers.ts';
import { type Told, textOf } from './writers.ts';

/** Growing events of some topics, counted when all is over. All but the first three are 0 where nothing is wrong. */
export interface OpenReport {
  events: number;
  done: number;
  aborted: number;
  /** Keys under which more than one event was begun. */
  begunTwice: number;
  settledTwice: number;
  neverSettled: number;
  /** Texts that are not what a writer wrote, from its first piece on. */
  mixed: number;
  /** Settlements that are not as the owner was told. */
  contradicted: number;
  /** Events whose owner was told of a settlement, and that are not in the log. */
  unrecorded: number;
  /** Settlements that a subscriber was not told, or told otherwise. */
  differing: number;
  /** Events that a subscriber was told again after their end. */
  repeated: number;
  /** Texts of subscribers that did not go on from the text before. */
  torn: number;
  gaps: number;
}

/** The figures of a report where nothing is wrong. */
export const SOUND = {
  begunTwice: 0,
  settledTwice: 0,
  neverSettled: 0,
  mixed: 0,
  contradicted: 0,
  unrecorded: 0,
  differing: 0,
  repeated: 0,
  torn: 0,
} as const satisfies Partial<OpenReport>;

/** No event has more pieces. */
const MOST_PIECES = 1000;

/** Reads the logs of topics, and compares them with what owners and subscribers were told. */
export async function reportOn(
  broker: Broker,
  topics: readonly string[],
  { watchers, told }: { watchers: readonly Watcher[]; told: readonly Told[] },
): Promise<OpenReport> {
  const logs = new Map<string, GrowingLog>();
  for (const topic of topics) logs.set(topic, await growingLog(broker, topic));
  const all = [...logs.values()];
  const settlements = all.flatMap(({ ends }) => [...ends.values()].flat());
  const longest = textOf(MOST_PIECES);
  const count = (holds: (end: End) => boolean) => settlements.filter(holds).length;
  const sum = (figures: readonly number[]) => figures.reduce((total, each) => total + each, 0);
  return {
    events: sum(all.map(({ keys }) => keys.length)),
    done: count(({ state }) => state === 'done'),
    aborted: count(({ state }) => state === 'aborted'),
    begunTwice: sum(all.map(({ keys }) => keys.length - new Set(keys).size)),
    settledTwice: sum(all.map(({ ends }) => [...ends.values()].filter(({ length }) => length > 1).length)),
    neverSettled: sum(all.map(({ ends }) => [...ends.values()].filter(({ length }) => length === 0).length)),
    mixed: count(({ text }) => !longest.startsWith(text)),
    contradicted: told.filter(({ topic, id, state, pieces }) => {
      const [end] = logs.get(topic)?.ends.get(id) ?? [];
      return end && (end.state !== state || (pieces !== undefined && end.text !== textOf(pieces)));
    }).length,
    unrecorded: told.filter(({ topic, id }) => !logs.get(topic)?.ends.has(id)).length,
    differing: sum(watchers.map((watcher) => differing(logs.get(watcher.topic), watcher))),
    repeated: sum(watchers.map(({ repeated }) => repeated)),
    torn: sum(watchers.map(({ torn }) => torn)),
    gaps: sum(watchers.map(({ gaps }) => gaps.length)),
  };
}

/** Waits until nothing else than `left` is open, and every subscriber knows it. @param left number of events that stay open in each topic */
export async function untilLevel(
  broker: Broker,
  watchers: readonly Watcher[],
  { left = 0, timeout = 60_000 }: { left?: number; timeout?: number } = {},
): Promise<void> {
  const topics = [...new Set(watchers.map(({ topic }) => topic))];
  const lacksOf = async (topic: string): Promise<string[]> => {
    const { events } = await openOf(broker).read(topic);
    const ids = events.map(({ id }) => id).toSorted();
    if (ids.length !== left) return [`${topic}: ${ids.length} are open: ${ids}`];
    const { ends } = await growingLog(broker, topic);
    return watchers.flatMap((watcher) => {
      if (watcher.topic !== topic) return [];
      const { openIds, views } = watcher;
      if (String(openIds) !== String(ids))
        return [`${topic}: ${openIds} are told to be open, and ${ids} are`];
      const untold = [...ends.keys()].filter((id) => (views.get(id)?.ends ?? 0) === 0);
      return untold.length > 0 ? [`${topic}: the end of ${untold} was not told`] : [];
    });
  };
  const lacks = async () => (await Promise.all(topics.map(lacksOf))).flat();
  await expect.poll(lacks, { timeout, interval: 100 }).toEqual([]);
}

interface End {
  state: string;
  text: string;
}

/** The growing events of a log: keys of openings, and by id the settlements. */
interface GrowingLog {
  readonly keys: string[];
  readonly ends: Map<string, End[]>;
}

async function growingLog(broker: Broker, topic: string): Promise<GrowingLog> {
  const log: GrowingLog = { keys: [], ends: new Map() };
  for (const record of await allRecords(broker, topic)) {
    const event = fromLogEntry<OpenCatalog>(record);
    const { open } = event;
    if (event.event_type !== 'reply' || !open) continue;
    const { agent_id, text } = event.data;
    const ends = log.ends.get(open.id) ?? [];
    log.ends.set(open.id, ends);
    if (open.state === 'open') log.keys.push(agent_id);
    else ends.push({ state: open.state, text });
  }
  return log;
}

function differing(log: GrowingLog | undefined, { views }: Watcher): number {
  return [...(log?.ends ?? [])].filter(([id, [end]]) => {
    const view = views.get(id);
    return end && (view?.state !== end.state || view.text !== end.text);
  }).length;
}
