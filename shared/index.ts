export {
  type AnyCatalog,
  type Catalog,
  type CatalogOf,
  type DefineEventsOptions,
  defineEvents,
  type EventDefinition,
  type EventSchemas,
  type NoOpens,
  type OpensOf,
  type SchemasOf,
} from './catalog.ts';
export type { Since } from './cursor.ts';
export { stripControlCharacters } from './data/event-data.ts';
export { ERRORS, type ErrorCode, EventsError, formatIssues, type Issue } from './errors.ts';
export type {
  AnswerInput,
  AnswerOf,
  AnyEvent,
  BatchName,
  BegunKindOf,
  EventData,
  EventInput,
  EventName,
  EventOf,
  EventToPublish,
  OfKinds,
  OfOtherKinds,
  OpenName,
  PublishMeta,
  PublishName,
} from './events.ts';
export type { LatestBy } from './filter/latest-by.ts';
export type { Condition, EventFilter, FilterValue } from './filter/types.ts';
export {
  type EntryStamp,
  fromLogEntry,
  type LogEntry,
  type PublishResult,
  type PublishTarget,
  toLogEntry,
} from './log.ts';
export type { Answered } from './open/answered.ts';
export type { GrowingHandle, PresenceHandle, QuestionHandle } from './open/handle-kinds.ts';
export type { BegunEvent, OpenHandle } from './open/handles.ts';
export {
  ephemeral,
  growing,
  OpenDefinition,
  type OpenEventFacts,
  type OpenFacts,
  presence,
  question,
} from './open/kinds.ts';
export type { OpenPage } from './open/open-page.ts';
export type {
  BegunKind,
  OpenKind,
  OpenPart,
  OpenPartOf,
  SettledState,
  Settlement,
  StreamUpdate,
} from './open/open-part.ts';
export type { PublishAs } from './options/publish-as.ts';
export type {
  EraseOptions,
  EraseResult,
  EventSelection,
  HistoryOptions,
  ReplayOptions,
  SubscriptionOptions,
  WhenSlow,
} from './options/read-options.ts';
export { CloseCode, DEFAULT_TOPIC, mayReconnect, PROTOCOL_HEADER, PROTOCOL_VERSION } from './protocol.ts';
export { type PsycheCatalog, psycheEvents, SystemHealthStatus } from './psyche-events.ts';
export { runEvents } from './runs/run-events.ts';
export { type RunEnd, type RunState, runStateOf } from './runs/run-state.ts';
export type { HistoryPage } from './stream-items.ts';
export {
  type GapReason,
  isStreamNotice,
  type OfTopic,
  type StreamGap,
  type StreamItem,
  type StreamNotice,
  type StreamSynced,
} from './stream-items.ts';
export { type Clock, Pace, type PaceOptions, sleep, systemClock } from './timing.ts';
export { VersionedSchema, type VersionStep, versions } from './versions.ts';
export type { Encoded } from './wire/format.ts';
export { parseExactly, parseInput } from './wire/json-text.ts';
export { transformer } from './wire/transformer.ts';
