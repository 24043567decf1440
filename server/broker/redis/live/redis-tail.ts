import { type EventsError, messageOf } from '../../../../shared/errors.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { type Bounds, brokerClosed, type Tail, type TailSink } from '../../broker.ts';
import { ContiguousTail } from '../../tail/contiguous-tail.ts';
import { decodeNotification } from '../log/record-codec.ts';
import type { RedisLog } from '../log/redis-log.ts';
import { decodeAnnouncement, isAboutOpen } from '../open/announcement.ts';
import { OpenFlow } from '../open/open-flow.ts';
import type { OpenSets } from '../open/open-sets.ts';
import { keepTrying } from '../servers/attempts.ts';
import type { LiveChannels } from './live-channels.ts';

interface RedisTailSettings {
  topic: string;
  /** The topic's Pub/Sub channel. */
  channel: string;
  log: RedisLog;
  sets: OpenSets;
  channels: LiveChannels;
  logger: Logger;
}

/**
 * Follows one topic: listens to its channel, and reads its log whenever an announcement does not follow on the last record. For
 * a sink that takes the open set too, that is read and followed likewise.
 */
export class RedisTail implements Tail {
  readonly #settings: RedisTailSettings;
  readonly #flow: ContiguousTail;
  readonly #open: OpenFlow | null;
  readonly #stop = new AbortController();
  readonly #unlisten: () => void;
  #settle: (error?: EventsError) => void = () => {};
  #reading = false;
  #readAgain = false;
  #toldOfMalformed = false;

  /** Resolves once the sink was told where it starts, and the open set if it takes that; rejects when the tail is closed before. */
  readonly started: Promise<void>;

  constructor(settings: RedisTailSettings, sink: TailSink) {
    this.#settings = settings;
    this.#flow = new ContiguousTail(sink);
    const { topic, sets } = settings;
    this.#open = sink.open
      ? new OpenFlow({ sink: sink.open, stand: () => sets.stand(topic), read: () => sets.read(topic) })
      : null;
    this.started = new Promise((resolve, reject) => {
      this.#settle = (error) => (error ? reject(error) : resolve());
    });
    this.#unlisten = settings.channels.listen(settings.channel, {
      attached: () => this.#doubt(),
      message: (payload) => this.#onMessage(payload),
    });
  }

  close(): void {
    this.#stop.abort();
    this.#flow.close();
    this.#open?.close();
    this.#unlisten();
    this.#settle(brokerClosed());
  }

  /** Finds records and changes whose announcement was lost, when no later one reveals it. */
  async check(): Promise<void> {
    if (this.#flow.position !== null && !this.#reading) await this.#doubt();
  }

  /** Reads as if announcements had been lost: they may have been. */
  async #doubt(): Promise<void> {
    this.#open?.doubt();
    await this.#catchUp();
  }

  #onMessage(payload: string): void {
    const { topic, log, logger } = this.#settings;
    if (isAboutOpen(payload)) {
      this.#open?.offer(decodeAnnouncement(payload));
      this.#passOpen();
      return;
    }
    const records = decodeNotification(payload);
    const newest = records?.at(-1);
    if (!records || !newest) {
      if (!this.#toldOfMalformed)
        logger.warn({ topic }, 'An announcement was malformed; reading the log instead');
      this.#toldOfMalformed = true;
      this.#catchUp();
      return;
    }
    if (this.#flow.offer(records)) {
      log.noteAnnounced(topic, newest);
      this.#passOpen();
    } else if (!this.#reading) this.#catchUp();
  }

  /** Passes on changes of the open set that waited for a record. */
  #passOpen(): void {
    const { position } = this.#flow;
    if (!this.#open || !position) return;
    if (!this.#open.pass(position) && !this.#reading) this.#catchUp();
  }

  /** Reads the log to its end; called while it does, it reads once more. */
  async #catchUp(): Promise<void> {
    this.#readAgain = true;
    if (this.#reading) return;
    this.#reading = true;
    const { signal } = this.#stop;
    let caughtUp = false;
    while (!signal.aborted && (this.#readAgain || !caughtUp)) {
      const done = await keepTrying(() => this.#readOnce(), {
        signal,
        onFailure: (error) => this.#onFailure(error),
      });
      caughtUp = done ?? false;
    }
    this.#reading = false;
  }

  #onFailure(error: unknown): void {
    const { topic, logger } = this.#settings;
    logger.debug({ topic, reason: messageOf(error) }, 'The log of a topic cannot be read; trying again');
  }

  /** Reads one chunk. @returns false if there is more to be read */
  async #readOnce(): Promise<boolean> {
    this.#readAgain = false;
    const { topic, log } = this.#settings;
    const { position } = this.#flow;
    this.#flow.beginRead();
    this.#open?.beginRead();
    const result = await log.read(topic, position ?? { epoch: '', seq: 0 }, position ? Infinity : 0);
    if (this.#stop.signal.aborted) return true;
    const caughtUp = position ? this.#flow.take(result) : this.#flow.start(result.bounds);
    if (!this.#open) this.#settle();
    return caughtUp && (await this.#levelOpen(result.bounds));
  }

  /** @returns false if the log must be read again before the sink is level with the open set */
  async #levelOpen({ epoch, last }: Bounds): Promise<boolean> {
    if (!this.#open) return true;
    const isLevel = await this.#open.level(() => this.#flow.position ?? { epoch, seq: last });
    if (isLevel) this.#settle();
    return isLevel;
  }
}
