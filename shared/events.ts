import * as z from 'zod';
import type { AnyCatalog } from './catalog.ts';
import type { BegunKind, OpenKind, OpenPartOf } from './open/open-part.ts';
import type { PsycheCatalog } from './psyche-events.ts';

/** Names of a catalog's events. */
export type EventName<C extends AnyCatalog = PsycheCatalog> = keyof C['schemas'] & string;

/** The data that subscribers of an event receive: what its schema yields. */
export type EventData<N extends EventName<C>, C extends AnyCatalog = PsycheCatalog> = z.output<
  C['schemas'][N]
>;

/** The data a publisher of an event may pass: what its schema accepts. */
export type EventInput<N extends EventName<C>, C extends AnyCatalog = PsycheCatalog> = z.input<
  C['schemas'][N]
>;

/** One event in its envelope, as it is on the wire. */
export type EventOf<N extends EventName<C>, C extends AnyCatalog = PsycheCatalog> = {
  [K in N]: {
    event_type: K;
    /** ISO 8601: when it happened, by the publisher's clock. */
    timestamp: string;
    data: EventData<K, C>;
    /** Id of its publisher: the subject of the session in which it was published, as the server knows it [V6]. */
    by?: string | undefined;
    /** The trace it belongs to, where its publisher traces: W3C's `traceparent`. */
    traceparent?: string | undefined;
    /** The open event that it is of, and its state then: of a `growing` event, a `question` or a `presence`. */
    open?: OpenPartOf<BegunKindOf<K, C>> | undefined;
    /** The answer, in the settlement of a `question` that was answered; `by` is who gave it. */
    answer?: AnswerOf<K, C> | undefined;
    /** False for what is no record of the log: a `presence`, an `ephemeral`, an open event as it is now. Its cursor is that of the last record. */
    stored?: false | undefined;
  };
}[N];

/** The answers to a question that its askers receive: what their schema yields. Never, of any other event. */
export type AnswerOf<N extends EventName<C>, C extends AnyCatalog = PsycheCatalog> = C['opens'] extends {
  readonly [K in N]: { readonly answers?: infer A };
}
  ? A extends z.ZodType
    ? z.output<A>
    : never
  : never;

/** The answers to a question that one may give: what their schema takes. Never, of any other event. */
export type AnswerInput<N extends EventName<C>, C extends AnyCatalog = PsycheCatalog> = C['opens'] extends {
  readonly [K in N]: { readonly answers?: infer A };
}
  ? A extends z.ZodType
    ? z.input<A>
    : never
  : never;

/** Names of a catalog's events of an open kind. */
export type OpenName<C extends AnyCatalog, K extends OpenKind = OpenKind> = OfKinds<C, K>[EventName<C>];

/** Event name → itself, of events of open kinds; methods name it itself as {@link OfOtherKinds}. */
export type OfKinds<C extends AnyCatalog, K extends OpenKind> = {
  [N in EventName<C>]: C['opens'] extends { readonly [Key in N]: { readonly kind: infer Found } }
    ? Found extends K
      ? N
      : never
    : never;
};

/** The kind of an event that is begun; never, of any other. */
export type BegunKindOf<N extends EventName<C>, C extends AnyCatalog = PsycheCatalog> = C['opens'] extends {
  readonly [Key in N]: { readonly kind: infer Kind };
}
  ? Extract<Kind, BegunKind>
  : never;

/** Names of a catalog's events that are published in a single call: all but questions and presences. */
export type PublishName<C extends AnyCatalog = PsycheCatalog> = OfOtherKinds<
  C,
  'question' | 'presence'
>[EventName<C>];

/** Names of a catalog's events that a batch may have: those that are records, and complete when they are published. */
export type BatchName<C extends AnyCatalog = PsycheCatalog> = OfOtherKinds<
  C,
  Exclude<OpenKind, 'growing'>
>[EventName<C>];

/**
 * Event name → itself, of events of other kinds; of a catalog whose names are unknown, any. Methods name it itself, since
 * errors of the compiler then list the names, and not the whole catalog.
 */
export type OfOtherKinds<C extends AnyCatalog, K extends OpenKind> = {
  [N in EventName<C>]: string extends N
    ? N
    : C['opens'] extends { readonly [Key in N]: { readonly kind: K } }
      ? never
      : N;
};

/** Any event of a catalog: a union discriminated on `event_type`. */
export type AnyEvent<C extends AnyCatalog = PsycheCatalog> = EventOf<EventName<C>, C>;

/** An event to be published, as publishers of several types hand it over. */
export type EventToPublish<C extends AnyCatalog = PsycheCatalog, N extends EventName<C> = BatchName<C>> = {
  [K in N]: { event_type: K; data: EventInput<K, C> } & PublishMeta;
}[N];

/** Details that are published with an event's data. */
export interface PublishMeta {
  /** ISO 8601 with `Z` or an offset. Default: now. */
  timestamp?: string | undefined;
  /** 1–128 characters; a second publish with the same key within 5 minutes stores nothing [D3]. Default: a fresh one. */
  idempotencyKey?: string | undefined;
  /** The trace it continues: W3C's `traceparent`; anything else is left out. Default: none, or the server's own. */
  traceparent?: string | undefined;
}

export const timestampSchema = z.iso.datetime({ offset: true });
export const idempotencyKeySchema = z.string().min(1).max(128);

/**
 * Id of a subject. It is text: `revoke` takes text, which no number is equal to. It has no control characters and no halves
 * of surrogate pairs: an operator must be able to type it, and Redis to store it.
 */
export const subjectIdSchema = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u, 'must be text of 1–128 characters, none of them a control character');

/** Tells if a text is a `traceparent` of version 00. */
export function isTraceparent(text: string | undefined): text is string {
  return text !== undefined && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(text);
}
