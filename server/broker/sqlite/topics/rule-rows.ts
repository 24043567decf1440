import { IDEMPOTENCY_MS, type LogRecord } from '../../broker.ts';
import { type Cuts, cutsOf } from '../../retention/cuts.ts';
import { bytesOf, type CompleteRetention } from '../../retention/retention.ts';
import { OTHERS, type TypeRule } from '../../retention/type-rules.ts';
import type { LogFile } from '../file/log-file.ts';

/** Records that one transaction takes out for each rule, beyond the number that it adds. */
const MOST = 1000;

/** One rule's records in a topic. */
interface RuleState {
  readonly rule: TypeRule;
  /** The number of the last that it took out. */
  readonly cut: number;
  /** Number of those that are held; null until they are counted. */
  readonly count: number | null;
  /** None is held up to this number. */
  readonly walked: number;
}

/** All rules of a topic, and what follows from them. */
export interface RulesState {
  readonly states: readonly RuleState[];
  /** Time at which the next record is too old, Unix ms; null: no record is held. */
  readonly due: number | null;
}

/** A record that is about to go. */
interface Row {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  /** As JSON. */
  readonly id: string;
  readonly bytes: number;
}

/** Rules as a topic's row has them, see {@link RuleState}. */
type StoredRules = [type: string, cut: number, walked: number, count: number | null][];

/**
 * The rules of a topic as they are to be from now on.
 * @param stored text that {@link rulesText} made, or empty
 * @param first number of the oldest record
 * @returns null where no type has a limit of its own, and none ever had
 */
export function rulesFrom(stored: string, first: number, retention: CompleteRetention): RulesState | null {
  const { maxRecords, maxAgeMs } = retention;
  const before: StoredRules = stored === '' ? [[OTHERS, first - 1, 0, null]] : JSON.parse(stored);
  const lastCut = Math.max(...before.map(([, cut]) => cut));
  if (retention.rules.length === 0 && lastCut < first) return null; // no hole is left
  const rules = retention.rules.length > 0 ? retention.rules : [{ type: OTHERS, maxRecords, maxAgeMs }];
  const known = new Map(before.map(([type, cut, walked, count]) => [type, { cut, walked, count }]));
  const isSame = rules.length === before.length && rules.every(({ type }) => known.has(type));
  const others = known.get(OTHERS)?.cut ?? 0;
  // Types that had a rule of their own before are others now.
  const unnamed = before.filter(([type]) => !rules.some((rule) => rule.type === type));
  const cuts = new Map([...known].map(([type, { cut }]) => [type, cut]));
  cuts.set(OTHERS, Math.max(others, ...unnamed.map(([, cut]) => cut)));
  const states = rules.map((rule): RuleState => {
    const cut = cuts.get(rule.type) ?? others;
    const { walked = 0, count = null } = (isSame && known.get(rule.type)) || {};
    return { rule, cut, walked, count };
  });
  return { states, due: 0 };
}

/** See Bounds.cuts. */
export function cutsIn({ states }: RulesState): Cuts {
  return cutsOf(states.map(({ rule, cut }) => [rule.type, cut]));
}

export function rulesText({ states }: RulesState): string {
  return JSON.stringify(
    states.map(({ rule, cut, walked, count }) => [rule.type, cut, walked, count] satisfies StoredRules[0]),
  );
}

/** Takes records out of a topic's rows, rule by rule. */
export class RuleRows {
  readonly #file: LogFile;
  readonly #maxBytes: number;

  constructor(file: LogFile, { maxBytes }: CompleteRetention) {
    this.#file = file;
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes out what the rules do not keep, so that there is room for records that are about to be inserted.
   * @param added those records; they are counted
   * @param bytes of the records that the topic has
   * @param maxBytes a limit below that of the retention; unlike that, it may cost the newest record too
   */
  trim(
    row: number,
    before: RulesState,
    added: readonly LogRecord[],
    bytes: number,
    maxBytes: number,
    now: number,
  ): { rules: RulesState; bytes: number } {
    const counted = this.#counted(row, before.states);
    const gone: Row[] = [];
    let due = Number.POSITIVE_INFINITY;
    let left = added.reduce((sum, record) => sum + bytesOf(record), bytes);
    let states = counted.map((state): RuleState => {
      const { rule } = state;
      const fresh = added.filter(({ type }) => ruleOf(counted, type) === rule).length;
      const taken = this.#take(row, state, counted, fresh, now - rule.maxAgeMs);
      if (fresh > 0) due = Math.min(due, now + rule.maxAgeMs);
      if (taken.nextAt !== null) due = Math.min(due, taken.nextAt + rule.maxAgeMs + 1);
      gone.push(...taken.rows);
      left -= taken.rows.reduce((sum, record) => sum + record.bytes, 0);
      return { ...taken.state, count: (taken.state.count ?? 0) + fresh };
    });
    const isTooMuch = (count: number) => left > maxBytes || (left > this.#maxBytes && count > 1);
    const countAll = () => states.reduce((sum, { count }) => sum + (count ?? 0), 0);
    for (let oldest = this.#oldest(row); oldest && isTooMuch(countAll()); oldest = this.#oldest(row)) {
      const { seq, type } = oldest;
      this.#file.statements.deleteRecord.run(row, seq);
      gone.push(oldest);
      left -= oldest.bytes;
      const rule = ruleOf(states, type);
      states = states.map((state) =>
        state.rule === rule
          ? { ...state, cut: Math.max(state.cut, seq), walked: seq, count: (state.count ?? 1) - 1 }
          : state,
      );
    }
    this.#keepIds(row, gone, now - IDEMPOTENCY_MS);
    return { rules: { states, due: Number.isFinite(due) ? due : null }, bytes: left };
  }

  /** Tells if records that were just inserted are more than the rules keep. */
  isTooMuch({ states }: RulesState, bytes: number, maxBytes: number): boolean {
    return (
      bytes > Math.min(maxBytes, this.#maxBytes) ||
      states.some(({ rule, count }) => (count ?? 0) > rule.maxRecords)
    );
  }

  /** Takes out the oldest of one rule's records. @param fresh number of those that are about to be inserted */
  #take(
    row: number,
    state: RuleState,
    all: readonly RuleState[],
    fresh: number,
    until: number,
  ): { state: RuleState; rows: readonly Row[]; nextAt: number | null } {
    const { rule } = state;
    const count = state.count ?? 0;
    if (count === 0) return { state, rows: [], nextAt: null };
    const named = rule.type === OTHERS ? all.map((other) => other.rule.type) : [rule.type];
    const { oldestOf, deleteRecord } = this.#file.statements;
    const found = oldestOf.iterate<Row>(
      row,
      state.walked,
      JSON.stringify(named),
      rule.type === OTHERS ? 0 : 1,
    );
    const excess = count + fresh - rule.maxRecords;
    const rows: Row[] = [];
    let next: Row | undefined;
    for (let { value, done } = found.next(); !done; { value, done } = found.next()) {
      if ((rows.length >= excess && value.at >= until) || rows.length >= MOST + fresh) {
        next = value;
        break;
      }
      rows.push(value);
    }
    found.return?.();
    for (const { seq } of rows) deleteRecord.run(row, seq);
    const cut = Math.max(state.cut, rows.at(-1)?.seq ?? 0);
    const walked = next ? next.seq - 1 : Math.max(cut, state.walked);
    return {
      state: { rule, cut, walked, count: next ? count - rows.length : 0 },
      rows,
      nextAt: next?.at ?? null,
    };
  }

  #oldest(row: number): Row | undefined {
    return this.#file.statements.oldestRow.get(row);
  }

  /** Keeps the ids of records that were appended after a time. */
  #keepIds(row: number, gone: readonly Row[], since: number): void {
    const young = gone.filter(({ at }) => at > since).sort((a, b) => a.seq - b.seq);
    const last = young.at(-1);
    if (!last) return;
    const ids = JSON.stringify(young.map(({ id, seq, at }) => [id, seq, at]));
    this.#file.statements.keepIds.run(row, last.seq, ids);
  }

  /** The states with their counts: what was never counted, or by other rules, is counted once. */
  #counted(row: number, states: readonly RuleState[]): readonly RuleState[] {
    if (states.every(({ count }) => count !== null)) return states;
    const counts = new Map<TypeRule | undefined, number>();
    for (const { type, count } of this.#file.statements.countByType.all<{ type: string; count: number }>(
      row,
    )) {
      const rule = ruleOf(states, type);
      counts.set(rule, (counts.get(rule) ?? 0) + count);
    }
    return states.map((state) => ({ ...state, count: counts.get(state.rule) ?? 0 }));
  }
}

/** The rule that a type is under. */
function ruleOf(states: readonly RuleState[], type: string): TypeRule | undefined {
  const of = (name: string) => states.find(({ rule }) => rule.type === name)?.rule;
  return of(type) ?? of(OTHERS);
}
