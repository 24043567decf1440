import type { ZodType } from 'zod';
import type { AnyCatalog, NoOpens } from '../shared/catalog.ts';
import type { OpenFacts } from '../shared/open/kinds.ts';

/** A tRPC router, as far as its events are concerned: the type of yours, `typeof appRouter`. */
export interface RouterWithEvents {
  readonly _def: { readonly record: object };
}

interface Procedure {
  _def: { $types: { input: unknown; output: unknown } };
}

/** The procedures that `eventProcedures` makes, by which events in a router are recognised. */
interface EventRecord {
  publish: { batch: Procedure };
  on: { any: Procedure };
  history: Procedure;
  replay: Procedure;
}

/**
 * The paths of event procedures below a record; `''` is the record itself. None where the keys are unknown, as in a
 * router whose type was lost: it would have no end.
 */
type PathsIn<T, Path extends string = ''> = string extends keyof T
  ? never
  : T extends EventRecord
    ? Path
    : T extends Procedure
      ? never
      : { [K in keyof T & string]: PathsIn<T[K], Path extends '' ? K : `${Path}.${K}`> }[keyof T & string];

type RecordAt<T, Path extends string> = Path extends ''
  ? T
  : Path extends `${infer Key}.${infer Rest}`
    ? RecordAt<T[Key & keyof T], Rest>
    : T[Path & keyof T];

/** Paths at which a router has events: `'events'`, `'a.events'`, or `''` where they are its own procedures. */
export type EventsPath<R extends RouterWithEvents> = PathsIn<R['_def']['record']>;

/** The only one; never where there are several, of which one has to be named. */
export type OnlyPath<R extends RouterWithEvents> = Only<EventsPath<R>>;
type Only<T, All = T> = T extends All ? ([All] extends [T] ? T : never) : never;

/** The option that says where the events are: it may be left out where they are the router's own procedures. */
export type PathOption<P extends string> = '' extends P ? { path?: P | undefined } : { path: P };

/** Event name → what its schema takes and yields, as the procedures' types have it. */
type SchemasOf<T> = T extends { publish: infer Publish; on: infer On }
  ? {
      readonly [N in Exclude<keyof Publish & keyof On & string, 'batch' | 'any'>]: ZodType<
        OutputOf<On[N], N>,
        InputOf<Publish[N]>
      >;
    }
  : never;

type InputOf<T> = T extends { _def: { $types: { input: { data: infer Data } } } } ? Data : never;

type OutputOf<T, N> = T extends { _def: { $types: { output: AsyncIterable<{ data: infer Item }> } } }
  ? Extract<Item, { event_type: N }> extends { data: infer Data }
    ? Data
    : never
  : never;

/** Facts about the events that are begun, as the procedures' types have them. */
type OpensOf<T> = T extends { begin: infer Begin; on: infer On }
  ? {
      readonly [N in keyof Begin & keyof On & string]: T extends {
        answer: { readonly [K in N]: { _def: { $types: { input: { answer: infer Answer } } } } };
      }
        ? OpenFacts<'question', ZodType<AnswerIn<On[N], N>, Answer>>
        : OpenFacts<KindOf<Begin[N]>, never>;
    }
  : NoOpens;

/** Only an event that grows is begun with a length. */
type KindOf<T> = T extends { _def: { $types: { output: infer Begun } } }
  ? 'length' extends keyof Begun
    ? 'growing'
    : 'presence'
  : never;

type AnswerIn<T, N> = T extends { _def: { $types: { output: AsyncIterable<{ data: infer Item }> } } }
  ? Extract<Item, { event_type: N }> extends { answer?: infer Answer }
    ? Exclude<Answer, undefined>
    : never
  : never;

/** The catalog of the events that a router has at a path: what clients and hooks are typed by. */
export interface MountedCatalog<R extends RouterWithEvents, P extends EventsPath<R> = OnlyPath<R>>
  extends AnyCatalog {
  readonly schemas: SchemasOf<RecordAt<R['_def']['record'], P>>;
  readonly opens: OpensOf<RecordAt<R['_def']['record'], P>>;
}
