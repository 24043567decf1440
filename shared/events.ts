import { z } from 'zod';
import type { AnyCatalog } from './catalog.ts';
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
  };
}[N];

/** Any event of a catalog: a union discriminated on `event_type`. */
export type AnyEvent<C extends AnyCatalog = PsycheCatalog> = EventOf<EventName<C>, C>;

/** An event to be published, as publishers of several types hand it over. */
export type EventToPublish<C extends AnyCatalog = PsycheCatalog> = {
  [K in EventName<C>]: { event_type: K; data: EventInput<K, C> } & PublishMeta;
}[EventName<C>];

/** What goes with an event's data when it is published. */
export interface PublishMeta {
  /** ISO 8601 with `Z` or an offset. Default: now. */
  timestamp?: string | undefined;
  /** 1–128 characters; a second publish with the same key within 5 minutes stores nothing [D3]. Default: a fresh one. */
  idempotencyKey?: string | undefined;
}

export const timestampSchema = z.iso.datetime({ offset: true });
export const idempotencyKeySchema = z.string().min(1).max(128);
