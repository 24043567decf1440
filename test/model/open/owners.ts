import type { OpenVerbs } from '../../../server/event-manager/open/open-verbs.ts';
import type { BegunEvent } from '../../../shared/open/handles.ts';
import type { SettledState } from '../../../shared/open/open-part.ts';
import { type Calls, checkSettled, expected } from './calls.ts';
import type { BegunName, Command } from './commands.ts';
import { TOPICS } from './log-records.ts';
import { dataOf, LEASE_MS, type RefEvent, type ReferenceOpen, TIMEOUT_MS } from './reference.ts';

/** A command by its name. */
export type Do<N extends Command['do']> = Command & { do: N };

/** Settles an event, whoever may. */
type Settle = (verbs: OpenVerbs) => Promise<{ cursor: string }>;

/** Owners of open events, and those who answer questions: they make calls, and hold the answers against the reference. */
export class Owners {
  readonly #calls: Calls;
  readonly #reference: ReferenceOpen;
  #number = 0;

  constructor(calls: Calls, reference: ReferenceOpen) {
    this.#calls = calls;
    this.#reference = reference;
  }

  /** A text that is nowhere else. */
  text(): string {
    return `t${++this.#number}`;
  }

  /** An event that a command names. */
  pick(which: number, any: boolean, types?: readonly BegunName[]): RefEvent | undefined {
    const all = any ? this.#reference.events : this.#reference.open();
    const found = all.filter(({ type }) => !types || types.includes(type));
    return found[which % found.length];
  }

  async begin({ node, topic: number, type, place, by, key: named, cut }: Do<'begin'>): Promise<void> {
    const topic = TOPICS[number % TOPICS.length] ?? '';
    const text = this.text();
    const key = named !== null ? `key-${named}` : cut ? `key-of-${text}` : undefined;
    const before = key === undefined ? undefined : this.#reference.byKey(topic, type, key);
    const time = type === 'approval' ? { timeoutMs: TIMEOUT_MS } : { leaseMs: LEASE_MS };
    const event = { type, text, place: type === 'approval' ? '' : place };
    const outcome = await this.#calls.make(node, cut, (verbs) =>
      verbs.begin(type, dataOf(event), { topic, key, by, ...time }),
    );
    if (before) {
      const verdict = before.by === by ? 'ok' : 'FORBIDDEN';
      const begun = expected('[O1] begin again', before, verdict, outcome);
      if (begun) this.#begunAgain(before, begun);
      return;
    }
    if (outcome.error) throw outcome.error;
    const { id, key: given, cursor: begun, resumed, length, settled } = outcome.value;
    if ((resumed && !cut) || settled)
      throw new Error(`[O1] ${type} ${key} was never begun, and is: ${JSON.stringify(outcome.value)}`);
    if (length !== (type === 'reply' ? text.length : undefined))
      throw new Error(`[O4] ${id} begins with ${length}`);
    this.#reference.begun({ ...event, topic, id, key: given, by, begun });
  }

  #begunAgain(event: RefEvent, { id, cursor, resumed, length, settled }: BegunEvent): void {
    const isOpen = event.state === 'open';
    if (id !== event.id || cursor !== event.begun || resumed !== isOpen || (settled === undefined) !== isOpen)
      throw new Error(
        `[O1] ${event.id} of ${event.begun} is ${event.state}, begun again it is ${id} of ${cursor}, resumed ${resumed}`,
      );
    if (!isOpen) {
      checkSettled('[O1] begin again', event, settled);
      if (JSON.stringify(settled?.answer) !== JSON.stringify(event.answer))
        throw new Error(`[O1] ${id}: another answer`);
      return;
    }
    if (length !== (event.type === 'reply' ? event.text.length : undefined))
      throw new Error(`[O4] ${id}: length ${length}`);
    this.#reference.renewed(event);
    event.isOwned = true;
  }

  async append({ node, which, any, at: where, count, cut }: Do<'append'>): Promise<void> {
    const event = this.pick(which, any, ['reply']);
    if (!event) return;
    const { length } = event.text;
    if (where === 'end') return this.#grow(event, node, count, cut);
    const repeated = event.last ?? { at: 0, text: event.text };
    const at = where === 'beyond' ? length + count : where === 'stranger' ? length : repeated.at;
    const text = where === 'repeat' ? repeated.text : `x${this.text()}`;
    const by = where === 'stranger' ? 'eve' : event.by;
    const outcome = await this.#calls.make(node, cut, (verbs) =>
      verbs.append({ ...ownerOf(event), by, at, text }),
    );
    const verdict = this.#reference.verdict(event, by === event.by);
    const isConflict = verdict === 'ok' && where !== 'repeat';
    const answer = expected(`[O4] append at ${at}`, event, isConflict ? 'CONFLICT' : verdict, outcome);
    if (!answer) return;
    if (answer.length !== length) throw new Error(`[O4] repeated at ${at} of ${length}: ${answer.length}`);
    this.#reference.renewed(event);
  }

  async #grow(event: RefEvent, node: number, count: number, cut: boolean): Promise<void> {
    const pieces: { at: number; text: string }[] = [];
    for (let at = event.text.length; pieces.length < count; ) {
      const text = this.text();
      pieces.push({ at, text });
      at += text.length;
    }
    const outcome = await this.#calls.make(node, cut, (verbs) =>
      Promise.all(pieces.map((piece) => verbs.append({ ...ownerOf(event), ...piece }))),
    );
    const answers = expected('[O4] append', event, this.#reference.verdict(event), outcome);
    if (!answers) return;
    for (const [index, { at, text }] of pieces.entries()) {
      const length = answers[index]?.length ?? 0;
      const all = at + text.length;
      // Where the first call was applied, a repeated one is answered with the length of all.
      if (cut ? length < all : length !== all)
        throw new Error(`[O4] piece ${index} at ${at}: length ${length}`);
      this.#reference.appended(event, at, text);
    }
  }

  async replace({ node, which, any, place }: Do<'replace'>): Promise<void> {
    const event = this.pick(which, any, ['viewer']);
    if (!event) return;
    const text = this.text();
    const data = dataOf({ ...event, text, place });
    const outcome = await this.#calls.make(node, false, (verbs) => verbs.update({ ...ownerOf(event), data }));
    expected('[O1] update', event, this.#reference.verdict(event), outcome);
    if (outcome.error) return;
    Object.assign(event, { text, place });
    this.#reference.renewed(event);
  }

  async touch({ node, which, any }: Do<'touch'>): Promise<void> {
    const event = this.pick(which, any);
    if (event) await this.renew(event, node);
  }

  /** Renews the lease of an event, as its owner. */
  async renew(event: RefEvent, node: number): Promise<void> {
    const { topic, id, key, by } = event;
    const outcome = await this.#calls.make(node, false, (verbs) =>
      verbs.touch({ topic, ids: [id], key, by }),
    );
    if (outcome.error) throw outcome.error;
    const isOpen = this.#reference.verdict(event) === 'ok';
    if ((outcome.value.notOpen.length === 0) !== isOpen)
      throw new Error(`[O8] touch of ${id}, which is ${event.state}`);
    if (isOpen) this.#reference.renewed(event);
  }

  async settle({ node, which, any, aborts, stranger, cut }: Do<'settle'>): Promise<void> {
    const event = this.pick(which, any);
    if (!event) return;
    const state = ownersStateOf(event, aborts);
    const by = stranger ? 'eve' : event.by;
    const reason = aborts && event.type === 'reply' ? 'why' : undefined;
    const verdict = this.#reference.verdict(event, !stranger);
    const call: Settle = (verbs) => verbs.settle({ ...ownerOf(event), by, state, reason });
    await this.#settle(event, { node, cut, verdict, settled: { state, by, reason } }, call);
  }

  async answer({ node, which, any, allow, cut }: Do<'answer'>): Promise<void> {
    const event = this.pick(which, any, ['approval']);
    if (!event) return;
    const { topic, id } = event;
    const answer = { allow };
    const call: Settle = (verbs) => verbs.answer('approval', { topic, id, answer, by: 'eve' });
    const settled = { state: 'answered', by: 'eve', answer } as const;
    const verdict = this.#reference.verdict(event);
    if (verdict !== 'ALREADY_SETTLED' || event.answer?.allow !== allow)
      return this.#settle(event, { node, cut, verdict, settled }, call);
    const outcome = await this.#calls.make(node, cut, call);
    const repeated = expected('[O1] an equal answer', event, 'ok', outcome);
    if (repeated?.cursor !== event.settledAt)
      throw new Error(`[O1] an equal answer: at ${repeated?.cursor} instead of ${event.settledAt}`);
  }

  async #settle(
    event: RefEvent,
    {
      node,
      cut,
      verdict,
      settled,
    }: { node: number; cut: boolean; verdict: ReturnType<ReferenceOpen['verdict']>; settled: Settled },
    call: Settle,
  ): Promise<void> {
    const outcome = await this.#calls.make(node, cut, call);
    // A call that was repeated may find that it had settled it.
    const own = cut && verdict === 'ok' ? outcome.error?.settled : undefined;
    const cursor =
      own?.cursor ??
      (verdict === 'ok' ? expected('[O1] settle', event, verdict, outcome)?.cursor : undefined);
    if (verdict !== 'ok') expected('[O1] settle', event, verdict, outcome);
    else if (cursor !== undefined) this.#reference.settled(event, { ...settled, cursor }, settled.reason);
    if (own) checkSettled('[O1] a repeated settle', event, own);
  }

  /** Two who do not know of each other, at two nodes. */
  async race({ node, which, how }: Do<'race'>): Promise<void> {
    const event = this.pick(which, false, how === 'settles' ? undefined : ['reply']);
    if (!event) return;
    const owner = ownerOf(event);
    const at = event.text.length;
    const texts = [`x${this.text()}`, `y${this.text()}`] as const;
    const append = (index: 0 | 1) => (verbs: OpenVerbs) => verbs.append({ ...owner, at, text: texts[index] });
    if (how === 'appends') {
      const outcomes = await Promise.all([
        this.#calls.make(node, false, append(0)),
        this.#calls.make(node + 1, false, append(1)),
      ]);
      const winners = outcomes.filter(({ error }) => !error);
      if (winners.length !== 1)
        throw new Error(`[O4] ${winners.length} of two appends at ${at} were applied`);
      this.#reference.appended(event, at, texts[outcomes[0].error ? 1 : 0]);
      expected('[O4] the later append', event, 'CONFLICT', outcomes[outcomes[0].error ? 0 : 1]);
      return;
    }
    if (how === 'append and settle') {
      const [appended, settled] = await Promise.all([
        this.#calls.make(node, false, append(0)),
        this.#calls.make(node + 1, false, (verbs) => verbs.settle({ ...owner, state: 'done' })),
      ]);
      const answer = expected('[O1] settle', event, 'ok', settled);
      if (!appended.error) this.#reference.appended(event, at, texts[0]);
      this.#reference.settled(event, { state: 'done', by: event.by, cursor: answer?.cursor ?? '' });
      if (appended.error) expected('[O4] append', event, 'ALREADY_SETTLED', appended);
      return;
    }
    await this.#raceToSettle(event, node);
  }

  async #raceToSettle(event: RefEvent, node: number): Promise<void> {
    const { type, topic, id, by } = event;
    const answer = { allow: true };
    const first: Settled = { state: ownersStateOf(event, false), by };
    const second: Settled =
      type === 'approval'
        ? { state: 'answered', by: 'eve', answer }
        : { state: ownersStateOf(event, true), by };
    const settle =
      ({ state }: Settled): Settle =>
      (verbs) =>
        state === 'answered'
          ? verbs.answer('approval', { topic, id, answer, by: 'eve' })
          : verbs.settle({ ...ownerOf(event), state });
    const outcomes = await Promise.all([
      this.#calls.make(node, false, settle(first)),
      this.#calls.make(node + 1, false, settle(second)),
    ]);
    const settled = outcomes.flatMap((outcome, index) =>
      outcome.error ? [] : [{ ...(index === 0 ? first : second), cursor: outcome.value.cursor }],
    );
    const [winner] = settled;
    if (!winner || settled.length !== 1) throw new Error(`[O1] ${settled.length} of two settled ${id}`);
    this.#reference.settled(event, winner);
    for (const outcome of outcomes)
      if (outcome.error) expected('[O1] the later', event, 'ALREADY_SETTLED', outcome);
  }
}

interface Settled {
  readonly state: SettledState;
  readonly by: string;
  readonly answer?: { allow: boolean };
  readonly reason?: string | undefined;
}

export function ownerOf({ topic, id, key, by }: RefEvent) {
  return { topic, id, key, by };
}

/** A state in which an owner settles an event. */
export function ownersStateOf({ type }: RefEvent, aborts: boolean): SettledState {
  if (type === 'reply') return aborts ? 'aborted' : 'done';
  return type === 'viewer' ? 'left' : 'withdrawn';
}
