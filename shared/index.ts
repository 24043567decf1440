export {
  type AnyCatalog,
  type Catalog,
  type DefineEventsOptions,
  defineEvents,
  type EventSchemas,
} from './catalog.ts';
export { CloseCode, mayReconnect } from './close-codes.ts';
export { stripControlCharacters } from './data/sanitize.ts';
export { DEFAULT_TOPIC } from './default-topic.ts';
export { ERRORS, type ErrorCode, EventsError, formatIssues, type Issue } from './errors.ts';
export type {
  AnyEvent,
  EventData,
  EventInput,
  EventName,
  EventOf,
  EventToPublish,
  PublishMeta,
} from './events.ts';
export type { LatestBy } from './filter/latest-by.ts';
export type { Condition, EventFilter, FilterValue } from './filter/types.ts';
export type { HistoryOptions, HistoryPage } from './history.ts';
export { fromLogEntry, type LogEntry, type PublishResult, type PublishTarget, toLogEntry } from './log.ts';
export { type Clock, Pace, type PaceOptions } from './pace.ts';
export { PROTOCOL_HEADER, PROTOCOL_VERSION } from './protocol-version.ts';
export { type PsycheCatalog, psycheEvents, SystemHealthStatus } from './psyche-events.ts';
export type { ReplayOptions } from './replay.ts';
export type { Since } from './since.ts';
export {
  type GapReason,
  isStreamNotice,
  type OfTopic,
  type StreamGap,
  type StreamItem,
  type StreamNotice,
  type StreamSynced,
} from './stream-items.ts';
export type { WhenSlow } from './when-slow.ts';
export { parseExactly } from './wire/exact-json.ts';
export type { Encoded } from './wire/format.ts';
export { parseInput } from './wire/input-text.ts';
export { transformer } from './wire/transformer.ts';
