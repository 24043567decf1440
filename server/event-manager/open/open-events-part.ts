import type { AnyCatalog } from '../../../shared/catalog.ts';
import { type Clock, idleClock, systemClock } from '../../../shared/timing.ts';
import type { Broker, LogRecord } from '../../broker/broker.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Tracing } from '../../telemetry/telemetry.ts';
import type { Intake } from '../publish/intake.ts';
import type { StreamRecord } from '../records/stream-record.ts';
import { LapseSweep } from './lapse-sweep.ts';
import { OpenEntries } from './open-entries.ts';
import { begunNames } from './open-ids.ts';
import { answerOf } from './open-reader.ts';
import { OpenVerbs, type OpenVerbsParts } from './open-verbs.ts';

/** Parts of an EventManager that its open events need. */
export interface OpenEventsOptions {
  readonly catalog: AnyCatalog;
  readonly broker: Broker;
  readonly intake: Intake;
  readonly publishAs: ReadonlyMap<string, number>;
  /** Open events of a topic at most [O11]. */
  readonly maxOpen: number;
  /** Undefined: the machine's. */
  readonly clock: Clock | undefined;
  readonly logger: Logger;
  readonly tracing: Tracing | undefined;
  /** See RecordChecks.admit. */
  readonly admit: (record: LogRecord) => StreamRecord;
}

/** The open events of one process: their verbs, and the sweep of those whose time is over. */
export class OpenEventsPart {
  readonly verbs: OpenVerbs;
  readonly #sweep: LapseSweep;

  constructor({ publishAs, logger, admit, clock, ...parts }: OpenEventsOptions) {
    const { catalog, broker } = parts;
    const entries = new OpenEntries(catalog, publishAs);
    const read: OpenVerbsParts['answerOf'] = (...settled) => answerOf(broker, admit, ...settled);
    this.verbs = new OpenVerbs({ ...parts, clock: clock ?? systemClock, entries, answerOf: read });
    this.#sweep = new LapseSweep((...some) => this.verbs.settleLapsed(...some), clock ?? idleClock, logger);
    if (broker.open && begunNames(catalog).length > 0) this.#sweep.start();
  }

  /** Sends what waits to be joined with more, and sweeps no more. What is open stays open: its owner may come back. */
  async close(): Promise<void> {
    this.#sweep.stop();
    await this.verbs.flush();
  }
}
