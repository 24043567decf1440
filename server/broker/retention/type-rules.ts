/** A limit on the records of one type: an age, or a number, or both. */
export type TypeRetention =
  | Age
  | {
      /** Records per topic. Default: no limit of their own. */
      readonly records?: number | undefined;
      /** Default: `maxAgeMs`, so that a topic that nobody writes to goes in the end. */
      readonly age?: Age | undefined;
    };

/** A duration: ms, or a text such as `90 s`, `30 min`, `12 h`, `30 days` or `2 weeks`. */
type Age = number | string;

/** A limit on the records of one type, or of all types that have none of their own. */
export interface TypeRule {
  /** The type, or {@link OTHERS}. */
  readonly type: string;
  readonly maxRecords: number;
  readonly maxAgeMs: number;
}

/** The rule of all types that have none of their own. No type has this name. */
export const OTHERS = '*';

/**
 * The type of notices of erasing. They are kept as long as any other record: whoever holds an event that was erased
 * is to hear of it.
 */
export const ERASED_NOTICE = 'log.erased';

/** Types that a catalog can have. */
const TYPE = /^[A-Za-z]\w{0,63}$/;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  second: 1000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

/**
 * Makes rules of an option, and one of the general limits for all other types; none where the option has none.
 * @param owner the class that has the option, for messages
 * @throws TypeError naming the type whose limit is wrong
 */
export function typeRules(
  owner: string,
  retention: Readonly<Record<string, TypeRetention>> | undefined,
  general: Omit<TypeRule, 'type'>,
): readonly TypeRule[] {
  const named = Object.entries(retention ?? {});
  if (named.length === 0) return [];
  const rules = named.map(([type, limit]) => ruleOf(owner, type, limit, general.maxAgeMs));
  const all = [...rules, { type: OTHERS, ...general }];
  const maxAgeMs = Math.max(...all.map((rule) => rule.maxAgeMs));
  return [{ type: ERASED_NOTICE, maxRecords: Number.MAX_SAFE_INTEGER, maxAgeMs }, ...all];
}

function ruleOf(owner: string, type: string, limit: TypeRetention, generalAgeMs: number): TypeRule {
  const { records, age, ...others } = typeof limit === 'object' && limit !== null ? limit : { age: limit };
  const maxRecords = records === undefined ? Number.MAX_SAFE_INTEGER : records;
  const maxAgeMs = age === undefined ? generalAgeMs : ageMs(age);
  const isSomething = (records !== undefined || age !== undefined) && Object.keys(others).length === 0;
  if (!TYPE.test(type) || !isSomething || !isCount(maxRecords) || !isCount(maxAgeMs)) {
    throw new TypeError(
      `${owner}: retention must be limits by type, such as { agent_message: '30 days', system_status: { records: 100, age: '1 h' } }; that of ${JSON.stringify(type)} is ${JSON.stringify(limit)}`,
    );
  }
  return { type, maxRecords, maxAgeMs };
}

function ageMs(age: Age): number {
  if (typeof age !== 'string') return age;
  const [, count, unit = ''] = /^(\d{1,15}) ?([a-z]+)$/.exec(age) ?? [];
  const ms = UNIT_MS[unit] ?? (unit.length > 3 ? UNIT_MS[unit.replace(/s$/, '')] : undefined);
  return ms === undefined ? Number.NaN : Number(count) * ms;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}
