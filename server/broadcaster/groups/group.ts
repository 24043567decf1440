import { explain } from '../../event-manager/feeds/explain.ts';
import type { Feed } from '../../event-manager/feeds/feed.ts';
import type { Hub } from '../../event-manager/hubs/hub.ts';
import {
  countDelivered,
  type StreamRecord,
  traceDelivered,
} from '../../event-manager/records/stream-record.ts';
import type { EncodeBody } from './body.ts';
import { EncodedBatch } from './encoded-batch.ts';
import type { FrameStyle } from './frame-style.ts';

/** An outlet's subscription in a group. */
export interface Member {
  readonly style: FrameStyle;
  /** Its name for the log. */
  readonly name: string;
  /** True if its client has so much unsent that nothing may be added. */
  readonly isFull: boolean;
  /** Takes frames; false if it should be told no more until it has caught up. */
  write(frames: Buffer): boolean;
  /** Called after a `write` that returned false, or, with `missed`, in place of one while it was full. */
  overflow(missed: boolean): void;
}

/** Subscribers of one topic that select the same records: matched once, encoded once, framed once per style. */
class Group {
  readonly #members = new Set<Member>();
  readonly #onEmpty: () => void;

  constructor(hub: Hub, selector: Feed['selector'], encode: EncodeBody, onEmpty: () => void) {
    const { instruments, tracing } = hub.watch;
    const onBatch = (records: readonly StreamRecord[]): void => {
      explain(hub, selector, records, () => Array.from(this.#members, ({ name }) => name));
      const selected = records.filter((record) => selector.matches(record));
      if (selected.length === 0) return;
      const subscribers = this.#members.size;
      this.#send(new EncodedBatch(selected, encode));
      countDelivered(instruments, selected, subscribers);
      traceDelivered(tracing, hub.log.topic, selected, subscribers);
    };
    hub.emitter.on('batch', onBatch);
    instruments.grouped(1);
    this.#onEmpty = () => {
      instruments.grouped(-1);
      hub.emitter.off('batch', onBatch);
      onEmpty();
    };
  }

  join(member: Member): () => void {
    this.#members.add(member);
    return () => {
      if (this.#members.delete(member) && this.#members.size === 0) this.#onEmpty();
    };
  }

  #send(batch: EncodedBatch): void {
    const full: Member[] = [];
    const missed: Member[] = [];
    let style: FrameStyle | undefined;
    let frames: Buffer = Buffer.alloc(0);
    for (const member of this.#members) {
      // A client may have any number of members, here and in other groups: one of them fills it for all.
      if (member.isFull) {
        missed.push(member);
        continue;
      }
      // Most have the style of the one before.
      if (member.style !== style) {
        style = member.style;
        frames = batch.framesFor(style);
      }
      if (!member.write(frames)) full.push(member);
    }
    for (const member of full) member.overflow(false);
    for (const member of missed) member.overflow(true);
  }
}

/** The groups of one router. */
export class Groups {
  readonly #encode: EncodeBody;
  readonly #groups = new WeakMap<Hub, Map<string, Group>>();

  constructor(encode: EncodeBody) {
    this.#encode = encode;
  }

  /** Joins the group that selects what the feed selects. Returns how to leave. */
  join({ hub, selector }: Feed, member: Member): () => void {
    const ofHub = this.#groups.get(hub) ?? new Map<string, Group>();
    this.#groups.set(hub, ofHub);
    let group = ofHub.get(selector.key);
    if (!group) {
      group = new Group(hub, selector, this.#encode, () => ofHub.delete(selector.key));
      ofHub.set(selector.key, group);
    }
    return group.join(member);
  }
}
