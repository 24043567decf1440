import { randomBytes } from 'node:crypto';
import { formatCursor } from '../../../../shared/cursor.ts';
import type { EventsError } from '../../../../shared/errors.ts';
import type { LogEntry } from '../../../../shared/log.ts';
import { MAX_GROWN } from '../../../../shared/open/bounds.ts';
import type { Settlement } from '../../../../shared/open/open-part.ts';
import {
  type Begun,
  charsOf,
  type IdsByTopic,
  type NewOpenEvent,
  type OpenEvent,
  type OpenEvents,
  type OpenSet,
  type Owner,
  type Settling,
} from '../../open/open-events.ts';
import {
  alreadySettled,
  conflict,
  grownTooLarge,
  notOpen,
  notYours,
  otherKind,
  setTooLarge,
  tooManyOpen,
} from '../../open/refusals.ts';
import { decodeId, encodeId } from '../log/record-codec.ts';
import type { RedisLog } from '../log/redis-log.ts';
import type { DueTopics } from './due-topics.ts';
import {
  entryLines,
  eventLines,
  hashOf,
  kindOf,
  letterOf,
  readEvents,
  readSettlement,
  settlementLines,
} from './open-codec.ts';
import type { OpenSets } from './open-sets.ts';

interface RedisOpenSettings {
  log: RedisLog;
  sets: OpenSets;
  due: DueTopics;
  /** Enters a topic in the index of those that hold records. */
  enter: (topic: string) => Promise<void> | undefined;
}

type Values = readonly (string | number)[];

/**
 * The open sets of topics in Redis. A call may be sent twice, as all calls are: a beginning and a settlement are known by a
 * token of their call, an append by its offset, and all others may happen twice.
 */
export class RedisOpen implements OpenEvents {
  readonly #settings: RedisOpenSettings;

  constructor(settings: RedisOpenSettings) {
    this.#settings = settings;
  }

  async begin(topic: string, event: NewOpenEvent, most: number): Promise<Begun> {
    const { id, key, by, kind, entry, grows, leaseMs } = event;
    const { text = '' } = grows ?? {};
    if (text.length > MAX_GROWN) throw grownTooLarge();
    const { log, sets, due, enter } = this.#settings;
    const entries = kind === 'presence' ? [] : [entry];
    if (entries.length > 0) await enter(topic);
    // Before: should this process die, somebody looks. After: a look in between found nothing, and noted that.
    await due.enter(topic, leaseMs);
    const own = [
      ...[encodeId(id), hashOf(key, by), letterOf(kind), leaseMs, hashOf(entry.type, key)],
      ...[most, newToken(), eventLines(event), text, text.length, charsOf(entry, key)],
    ];
    const [word, ...values] = await sets.change(topic, 'psycheBegin', { id, entries, own });
    if (word !== 'open' && word !== 'settled') throw refusalOf(word, values, { topic, id, most });
    const [held, cursor, more, ...published] = values;
    const began = { id: decodeId(String(held)) ?? id, cursor: String(cursor) };
    if (word === 'settled')
      return { ...began, resumed: false, settled: readSettlement(began.id, String(more)) };
    if (published.length > 0) log.published(topic, entries, published);
    await due.enter(topic, leaseMs);
    return { ...began, resumed: more === 1 };
  }

  async append(topic: string, owner: Owner, at: number, text: string): Promise<number> {
    const { sets, due } = this.#settings;
    const { id, key, by } = owner;
    const own = [encodeId(id), hashOf(key, by), at, text, text.length, sets.keysOf(topic).live];
    const [word, ...values] = await sets.run(topic, 'psycheAppend', own, id);
    if (word !== 'grown' && word !== 'there')
      throw refusalOf(word, values, { topic, id, at, change: 'appended to' });
    due.remember(topic);
    const [length, all] = values;
    if (word === 'grown') return Number(length);
    if (!String(all).startsWith(text, at)) throw conflict(Number(length), at);
    // Text that is there is answered as if it had been appended just now, so its lease is renewed too.
    const others = await this.touch(topic, [id], { key, by });
    if (others.length > 0) return this.append(topic, owner, at, text); // settled meanwhile: it tells how
    return Number(length);
  }

  async replace(topic: string, { id, key, by }: Owner, entry: LogEntry): Promise<void> {
    const { sets, due } = this.#settings;
    const lines = eventLines({ entry, by, grows: undefined });
    const own = [encodeId(id), hashOf(key, by), lines, charsOf(entry, key), sets.keysOf(topic).live];
    const [word, ...values] = await sets.run(topic, 'psycheReplace', own, id);
    if (word !== 'done') throw refusalOf(word, values, { topic, id, change: 'replaced' });
    due.remember(topic);
  }

  async touch(topic: string, ids: readonly string[], { key, by }: Omit<Owner, 'id'>): Promise<string[]> {
    const encoded = new Map(ids.map((id) => [encodeId(id), id]));
    const { sets, due } = this.#settings;
    const own = [[...encoded.keys()].join(' '), hashOf(key, by)];
    const others = await sets.run(topic, 'psycheTouch', own, ids[0]); // one of them has it wait while the slot moves
    if (others.length < encoded.size) due.remember(topic);
    return others.flatMap((id) => encoded.get(String(id)) ?? []);
  }

  async settle(topic: string, settling: Settling): Promise<Settlement | null> {
    const { id, state, entry, rev = '', as } = settling;
    const { log, sets, enter } = this.#settings;
    const entries = entry ? [entry] : [];
    if (entry) await enter(topic);
    const own = [
      ...[encodeId(id), state, typeof as === 'string' ? as : hashOf(as.key, as.by), rev],
      ...[newToken(), settlementLines(settling)],
    ];
    const [word, ...values] = await sets.change(topic, 'psycheSettle', { id, entries, own });
    if (word === 'changed') return null;
    if (word !== 'done') throw refusalOf(word, values, { topic, id });
    const [settled, ...published] = values;
    if (published.length > 0) log.published(topic, entries, published);
    return readSettlement(id, String(settled));
  }

  async forget(topic: string, ids: readonly string[]): Promise<void> {
    const { sets } = this.#settings;
    const { live } = sets.keysOf(topic);
    await Promise.all(ids.map((id) => sets.run(topic, 'psycheForget', [encodeId(id), live], id)));
  }

  async find(topic: string, id: string): Promise<OpenEvent | Settlement> {
    const [word, ...values] = await this.#settings.sets.run(topic, 'psycheFind', [encodeId(id)]);
    if (word === 'settled') return readSettlement(id, String(values[0]));
    const [event] = readEvents(values);
    if (!event) throw notOpen(topic, id);
    return event;
  }

  async read(topic: string): Promise<OpenSet> {
    const { at, rev, events } = await this.#settings.sets.read(topic);
    return { at, rev, events };
  }

  async announce(topic: string, entry: LogEntry): Promise<string> {
    const { sets } = this.#settings;
    const { live } = sets.keysOf(topic);
    const [epoch, seq] = await sets.run(topic, 'psycheAnnounce', [entryLines(entry), live]);
    return formatCursor({ epoch: String(epoch), seq: Number(seq) });
  }

  async lapsed(most: number, aside?: IdsByTopic): Promise<{ topic: string; event: OpenEvent }[]> {
    const { sets, due } = this.#settings;
    // Topics of those that are aside may be the first ones.
    const topics = await due.due(most + (aside?.size ?? 0));
    const looks = await Promise.allSettled(
      topics.map(async (each) => {
        const passed = [...(aside?.get(each.topic) ?? [])].map(encodeId).join(' ');
        const [next, ...values] = await sets.run(each.topic, 'psycheLook', [most, passed]);
        await due.note(each, String(next));
        return readEvents(values).map((event) => ({ topic: each.topic, event }));
      }),
    );
    // The topics of a server that cannot be reached wait; those of others do not.
    const [failed] = looks.flatMap((look) => (look.status === 'rejected' ? [look] : []));
    if (failed && looks.every(({ status }) => status === 'rejected')) throw failed.reason;
    return looks.flatMap((look) => (look.status === 'fulfilled' ? look.value : [])).slice(0, most);
  }
}

/** Names a call, so that it is known if it is sent again. */
function newToken(): string {
  return randomBytes(9).toString('base64url');
}

interface Refused {
  topic: string;
  id: string;
  most?: number;
  at?: number;
  /** As in "cannot be …". */
  change?: 'appended to' | 'replaced';
}

/** The error for a script's refusal. */
function refusalOf(
  word: string | number | undefined,
  values: Values,
  refused: Refused,
): EventsError | TypeError {
  const { topic, id, most = 0, at = 0, change = 'replaced' } = refused;
  switch (word) {
    case 'none':
      return notOpen(topic, id);
    case 'forbidden':
      return notYours();
    case 'settled':
      return alreadySettled(readSettlement(id, String(values[0])));
    case 'kind': {
      const other = kindOf(String(values[0]));
      if (other) return otherKind(other, change);
      break;
    }
    case 'conflict':
      return conflict(Number(values[0]), at);
    case 'large':
      return grownTooLarge();
    case 'crowded':
      return setTooLarge('TOO_LARGE');
    case 'full':
      return tooManyOpen(most);
    case 'heavy':
      return setTooLarge('TOO_MANY_OPEN');
  }
  return new TypeError(`A script of open events answered ${word} ${values.join(' ')}`);
}
