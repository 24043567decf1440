import * as z from 'zod';
import { type AnyCatalog, unknownEvent } from '../catalog.ts';
import { cursorSchema, type Since, sinceSchema, subscribeSinceSchema } from '../cursor.ts';
import { countedArray } from '../data/bounded-schemas.ts';
import { type EventName, timestampSchema } from '../events.ts';
import { filterSchema } from '../filter/compile.ts';
import type { LatestBy } from '../filter/latest-by.ts';
import type { EventFilter } from '../filter/types.ts';
import { MAX_PAGE } from '../stream-items.ts';
import { topicSchema, topicsSchema } from '../topic.ts';

/*
 * Options of everything that reads events, each defined once: its type, its comment and its schema. Server, router,
 * clients, hooks and the command line extend the types, and pass on all options that they do not use themselves.
 * Clients import types alone from here: a bundle of theirs has no zod.
 */

/** Events of one topic, by type, data and publisher. */
export interface EventSelection<N extends EventName<C>, C extends AnyCatalog> {
  /** Default `default`. */
  topic?: string | undefined;
  /** Event types. Default: all of the catalog's. */
  types?: readonly N[] | undefined;
  /** Conditions on the data, and on who published, that events must meet; applied by the server [D8]. Default: none. */
  filter?: EventFilter<N, C> | undefined;
  /**
   * False leaves out what your own subject published, from here or elsewhere; refused where nobody is authenticated [V6].
   * In the server's own process nobody is: filter by `{ by: { ne: 'me' } }` there. Default true.
   */
  echo?: boolean | undefined;
}

/**
 * Treatment of a subscription whose reader cannot keep up [D9].
 * `refill`: it is sent everything from the log as it reads · `conflate`: it is sent the latest event of each type, and
 * what was left out is announced · `disconnect`: it is cut with 4008 SLOW_CONSUMER and may resume.
 */
export type WhenSlow = 'refill' | 'conflate' | 'disconnect';

/** Options of a subscription: its events, where it starts, and how often it delivers. */
export interface SubscriptionOptions<N extends EventName<C>, C extends AnyCatalog>
  extends EventSelection<N, C> {
  /**
   * Instead of `topic`: several, 50 at most, by name or by a pattern in which `*` stands for anything: `run-*`. Each
   * item then has a `topic`. Each topic is in its own order; a cursor is of all of them. A topic that appears later is
   * followed from its beginning.
   */
  topics?: readonly string[] | undefined;
  /** The start in each topic: after a cursor, with the last n, or at a time. Default: events published from now on. */
  since?: Since | undefined;
  /** Treatment of a subscriber that cannot keep up [D9]. Default `refill`: everything is sent, later. */
  whenSlow?: WhenSlow | undefined;
  /**
   * Ms, an hour at most: at most one delivery per topic in so long, of the latest event of each type since the last;
   * what is left out is announced as a gap, `conflated`. So is what `since` asks for. Default: every event, at once.
   */
  every?: number | undefined;
  /** A field of the data, e.g. `agent_id`: with `every`, or `whenSlow: 'conflate'`, the latest of each type and value of it. */
  latestBy?: LatestBy<N, C> | undefined;
  /**
   * `all`: each member of a presence is told, however many a topic has. Above 500 [O11] the others are told their number, at
   * most once a second, and their own subject's members. Default: so.
   */
  members?: 'all' | undefined;
}

/** Longest interval of `every`: an hour. */
export const MAX_EVERY_MS = 3_600_000;

/** Schemas of {@link SubscriptionOptions}, of events of these names. Fields are checked against the catalog later. */
export function subscriptionShape(names: readonly string[]) {
  return {
    ...selectionShape(names),
    topics: topicsSchema.optional(),
    since: subscribeSinceSchema.optional(),
    whenSlow: z.enum(['refill', 'conflate', 'disconnect']).optional(),
    every: z.int().min(1).max(MAX_EVERY_MS).optional(),
    latestBy: z.string().min(1).max(200).optional(),
    members: z.literal('all').optional(),
  } satisfies ShapeOf<SubscriptionOptions<string, AnyCatalog>>;
}

/** A page of a topic's past. With neither `since` nor `before`: the latest page. */
export interface HistoryOptions<N extends EventName<C>, C extends AnyCatalog> extends EventSelection<N, C> {
  /** Events after this position, oldest page first. */
  since?: Since | undefined;
  /** Events before the one at this cursor, latest page first. Not together with `since`. */
  before?: string | undefined;
  /** Events on the page, 1–1000; fewer when they are large, with 1 MiB of JSON a page ends. Default 100. */
  limit?: number | undefined;
  /** True: the opening of an open event is one of them although its settlement is too [O7]. Default false. */
  openings?: boolean | undefined;
}

/** Schemas of {@link HistoryOptions}, as {@link subscriptionShape} has its own. */
export function historyShape(names: readonly string[]) {
  return {
    ...selectionShape(names),
    since: sinceSchema.optional(),
    before: cursorSchema.optional(),
    limit: z.int().min(1).max(MAX_PAGE).optional(),
    openings: z.boolean().optional(),
  } satisfies ShapeOf<HistoryOptions<string, AnyCatalog>>;
}

/** Most times faster, or slower, than it was. */
export const MAX_SPEED = 1_000_000;

/** A part of a topic's past that is to happen again, and its speed. */
export interface ReplayOptions<N extends EventName<C>, C extends AnyCatalog> extends EventSelection<N, C> {
  /** After a cursor, the last n that match, or from a time on. Default: from the oldest event that is held. */
  since?: Since | undefined;
  /** Up to and including the event at a cursor, or those appended before a time. Default: what there is when it begins. */
  until?: string | { at: string } | undefined;
  /** A factor: 2 takes half the time that it took, 0.5 twice as long. Up to 1 000 000. Default 1. */
  speed?: number | undefined;
  /** The longest wait between two events, in ms. Default: as long as it was. */
  maxPauseMs?: number | undefined;
  /** True: the opening of an open event is one of them although its settlement is too [O7]. Default false. */
  openings?: boolean | undefined;
}

/** Schemas of {@link ReplayOptions}, as {@link subscriptionShape} has its own. */
export function replayShape(names: readonly string[]) {
  return {
    ...selectionShape(names),
    since: sinceSchema.optional(),
    until: z.union([cursorSchema, z.strictObject({ at: timestampSchema })]).optional(),
    speed: z.number().positive().max(MAX_SPEED).optional(),
    maxPauseMs: z.number().min(0).optional(),
    openings: z.boolean().optional(),
  } satisfies ShapeOf<ReplayOptions<string, AnyCatalog>>;
}

/** Events to take back: one, by its cursor, or all of a topic that a filter matches. */
export type EraseOptions<N extends EventName<C>, C extends AnyCatalog> =
  | {
      /** Default `default`. */
      topic?: string | undefined;
      cursor: string;
    }
  | (Pick<EventSelection<N, C>, 'topic' | 'types'> & {
      cursor?: undefined;
      /** Conditions that the events meet; `{}` for all, also for those that the server's catalog cannot read. */
      filter: EventFilter<N, C>;
    });

/** The result of erasing. */
export interface EraseResult {
  /** Number of events that were erased, opening and settlement of an open one as two; those that had been before are not counted. */
  erased: number;
  /**
   * Number of events that a filter with conditions could not look at, since the server's catalog cannot read them. They
   * are still there; a filter `{}` erases them too. Absent where there are none.
   */
  unreadable?: number;
}

/** Schema of {@link EraseOptions}, of events of these names. */
export function eraseSchema(names: readonly string[]) {
  const { topic, types, filter } = selectionShape(names);
  return z.union(
    [
      z.strictObject({ topic, cursor: cursorSchema }),
      z.strictObject({ topic, types, filter: filter.unwrap() }),
    ],
    { error: 'erase: pass a cursor, or a filter: {} for all events; not both' },
  );
}

/** Most types that one selection names; a catalog may have fewer. */
const MAX_TYPES = 1000;

function selectionShape(names: readonly string[]) {
  return {
    topic: topicSchema.optional(),
    types: countedArray(nameSchema(names), MAX_TYPES).optional(),
    filter: filterSchema.optional(),
    echo: z.boolean().optional(),
  } satisfies ShapeOf<EventSelection<string, AnyCatalog>>;
}

function nameSchema(names: readonly string[]) {
  return z.enum(names, {
    error: ({ input }) => (typeof input === 'string' ? unknownEvent(input, names).message : undefined),
  });
}

/** A schema for each option, and for nothing else. */
type ShapeOf<Options> = { [K in keyof Required<Options>]: z.ZodType<Options[K & keyof Options]> };
