import type * as z from 'zod';
import { isZod4, VersionedSchema } from '../versions.ts';
import { notGrowing } from './growing-field.ts';
import type { OpenKind } from './open-part.ts';

/** An event's data: its schema, or all its versions. */
type DataOf<S extends z.ZodType> = S | VersionedSchema<S>;

/** Definitions as they should be, for errors. */
const USAGE = {
  growing: "growing(z.object({ text: z.string() }), 'text')",
  question: 'question({ asks: z.object({ tool: z.string() }), answers: z.object({ allow: z.boolean() }) })',
};

/** An event of an {@link OpenKind}, as `defineEvents` takes it. */
export class OpenDefinition<
  S extends z.ZodType = z.ZodType,
  K extends OpenKind = OpenKind,
  A extends z.ZodType = z.ZodType,
> {
  readonly kind: K;
  /** The schema of its data, or all versions of it. */
  readonly data: DataOf<S>;
  /** The field that grows, of a `growing` event. */
  readonly field: string | undefined;
  /** The schema of answers, of a `question`. */
  readonly answers: A | undefined;

  /** @throws TypeError where a schema is not one of zod 4, or no text can grow in the field */
  constructor(kind: K, data: DataOf<S>, { field, answers }: { field?: string; answers?: A } = {}) {
    const schema = data instanceof VersionedSchema ? data.newest : data;
    if (kind === 'question' && (schema === undefined || answers === undefined))
      throw new TypeError(`question: pass the schemas of both: ${USAGE.question}.`);
    if (!isZod4(schema) || (answers !== undefined && !isZod4(answers)))
      throw new TypeError(`${kind}: make the schema with zod 4: npm install zod@4, or import from 'zod/v4'.`);
    if (kind === 'growing') {
      if (typeof field !== 'string')
        throw new TypeError(`growing: name the field that grows: ${USAGE.growing}.`);
      const why = notGrowing(schema, field);
      if (why) throw new TypeError(`growing: ${why}: ${USAGE.growing}.`);
    }
    this.kind = kind;
    this.data = data;
    this.field = field;
    this.answers = answers;
  }
}

/** Names of the fields of data that hold text. */
type TextField<S extends z.ZodType> = {
  [F in keyof z.output<S> & string]: z.output<S>[F] extends string ? F : never;
}[keyof z.output<S> & string];

/**
 * An event with a text that grows while it is open: a reply that is written token by token. It is settled as `done` or
 * `aborted`; the settlement is the whole event. Published in a single call, it is complete at once.
 *
 * @param field the field that grows: it takes an empty text, since a text begins so; 256 KiB at most
 * @throws TypeError where the schema has no such field, or it takes no text
 * @example
 * defineEvents({ reply: growing(z.object({ agent_id: z.string(), text: z.string() }), 'text') })
 */
export function growing<S extends z.ZodType>(
  data: S | VersionedSchema<S>,
  field: NoInfer<TextField<S>>,
): OpenDefinition<S, 'growing', never> {
  return new OpenDefinition<S, 'growing', never>('growing', data, { field });
}

/**
 * A question that waits for one answer, for up to 30 days. It is settled as `answered`, `withdrawn` or `expired`.
 *
 * @throws TypeError where one of the schemas is missing, or is not one of zod 4
 * @example
 * defineEvents({
 *   approval: question({ asks: z.object({ tool: z.string() }), answers: z.object({ allow: z.boolean() }) }),
 * })
 */
export function question<S extends z.ZodType, A extends z.ZodType>({
  asks,
  answers,
}: {
  /** The question's own data. */
  asks: S | VersionedSchema<S>;
  /** The schema of answers. */
  answers: A;
}): OpenDefinition<S, 'question', A> {
  return new OpenDefinition('question', asks, { answers });
}

/** A member who is there for as long as its owner lives: no record of the log, part of the open set of its topic. */
export function presence<S extends z.ZodType>(
  data: S | VersionedSchema<S>,
): OpenDefinition<S, 'presence', never> {
  return new OpenDefinition<S, 'presence', never>('presence', data);
}

/** An event that is delivered to those who are live, and never stored. */
export function ephemeral<S extends z.ZodType>(
  data: S | VersionedSchema<S>,
): OpenDefinition<S, 'ephemeral', never> {
  return new OpenDefinition<S, 'ephemeral', never>('ephemeral', data);
}

/** Facts about an event of an open kind, as a catalog has them. */
export interface OpenFacts<K extends OpenKind = OpenKind, A extends z.ZodType = z.ZodType> {
  readonly kind: K;
  /** The field that grows, of a `growing` event. */
  readonly field?: string | undefined;
  /** The schema of answers, of a `question`. */
  readonly answers?: A | undefined;
}

/** Event name → facts, of those that are of an open kind. */
export type OpenEventFacts = Readonly<Record<string, OpenFacts>>;

/** Tells if openings and settlements of a kind are records of the log. */
export function isStored(kind: OpenKind): boolean {
  return kind === 'growing' || kind === 'question';
}
