import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { compareEvents } from '../../cli/schema/check.ts';
import { linesOf } from '../../cli/schema/diff.ts';
import { changesOf } from '../../cli/schema/fields.ts';
import { eventsOfCatalog, eventsOfDocument } from '../../cli/schema/known-events.ts';
import { toJsonSchema } from '../../server/index.ts';
import { describe as described } from '../../shared/data/fingerprint.ts';
import { defineEvents, versions } from '../../shared/index.ts';

const changes = (before: z.ZodType, after: z.ZodType) =>
  changesOf(described(before).input, described(after).input).map(
    ({ kind, path, before: was, after: is, isBreaking }) =>
      `${kind} ${path} ${[was, is].filter(Boolean).join(' → ')}${isBreaking ? ' !' : ''}`,
  );

const field = (a: z.ZodType) => z.object({ a });

describe('changes of a schema, field by field (! where old data may not be valid)', () => {
  const cases: [string, z.ZodType, z.ZodType, string[]][] = [
    [
      'none',
      z.object({ a: z.string(), b: z.number() }),
      z.object({ b: z.number(), a: z.string().describe('x') }),
      [],
    ],
    [
      'an optional field more',
      field(z.string()),
      z.object({ a: z.string(), b: z.date().optional() }),
      ['added data.b Date, optional'],
    ],
    [
      'a default more',
      field(z.string()),
      z.object({ a: z.string(), b: z.number().default(1) }),
      ['added data.b number, optional'],
    ],
    [
      'a field more',
      field(z.string()),
      z.object({ a: z.string(), b: z.bigint() }),
      ['added data.b bigint !'],
    ],
    [
      'a field less',
      z.object({ a: z.string(), b: z.string() }),
      field(z.string()),
      ['removed data.b string'],
    ],
    [
      'a field less of a strict object',
      z.object({ a: z.string(), b: z.string() }),
      z.strictObject({ a: z.string() }),
      ['removed data.b string !'],
    ],
    ['another kind', field(z.string()), field(z.number()), ['changed data.a string → number !']],
    [
      'required',
      field(z.string().optional()),
      field(z.string()),
      ['changed data.a string, optional → string !'],
    ],
    [
      'optional',
      field(z.string()),
      field(z.string().optional()),
      ['changed data.a string → string, optional'],
    ],
    [
      'a wider limit',
      field(z.string().max(5)),
      field(z.string().max(9)),
      ['changed data.a string (maxLength 5) → string (maxLength 9)'],
    ],
    [
      'a limit less',
      field(z.string().max(5)),
      field(z.string()),
      ['changed data.a string (maxLength 5) → string'],
    ],
    [
      'a narrower limit',
      field(z.number().min(1)),
      field(z.number().min(2)),
      ['changed data.a number (minimum 1) → number (minimum 2) !'],
    ],
    [
      'a limit more',
      field(z.string()),
      field(z.string().min(2)),
      ['changed data.a string → string (minLength 2) !'],
    ],
    [
      'another value',
      field(z.enum(['x'])),
      field(z.enum(['x', 'y'])),
      ['changed data.a string (enum ["x"]) → string (enum ["x","y"])'],
    ],
    [
      'a value less',
      field(z.enum(['x', 'y'])),
      field(z.enum(['x'])),
      ['changed data.a string (enum ["x","y"]) → string (enum ["x"]) !'],
    ],
    [
      'null as well',
      field(z.string()),
      field(z.string().nullable()),
      ['changed data.a string → string | null'],
    ],
    [
      'null no more',
      field(z.string().nullable()),
      field(z.string()),
      ['changed data.a string | null → string !'],
    ],
    [
      'in a list',
      field(z.array(z.object({ b: z.string() }))),
      field(z.array(z.object({ b: z.boolean() }))),
      ['changed data.a[].b string → boolean !'],
    ],
    [
      'in a map',
      field(z.map(z.string(), z.number())),
      field(z.map(z.string(), z.date())),
      [expect.stringMatching(/^changed data.a map .* !$/) as unknown as string],
    ],
    [
      'a part that is gone as a whole',
      z.object({ a: z.object({ b: z.object({ c: z.string() }) }), d: z.string() }),
      z.object({ d: z.string() }),
      ['removed data.a object'],
    ],
  ];
  test.each(cases)('%s', (_, before, after, expected) => {
    expect(changes(before, after)).toEqual(expected);
    expect(changes(after, after)).toEqual([]); // control
  });
});

describe('a catalog and the events of a server', () => {
  const first = z.object({ symbol: z.string() });
  // Catalogs and logs have its values in order, and a server as they were written.
  const mood = z.enum(['sad', 'glad']);
  const there = defineEvents({
    dream: versions(first, [z.object({ sign: z.string() }), ({ symbol }) => ({ sign: symbol })]),
    gone: first,
    same: first,
    edited: z.object({ a: z.string(), b: z.string() }),
    wider: z.object({ symbol: z.string(), mood }),
  });
  const here = defineEvents({
    dream: z.object({ sign: z.string() }),
    same: first,
    edited: z.object({ a: z.number(), c: z.string() }),
    wider: z.object({ symbol: z.string(), mood, depth: z.number().optional() }),
    added: first,
  });
  const served = eventsOfDocument(JSON.parse(JSON.stringify(toJsonSchema(there))));

  test('each event that cannot be read is named, with the reason', () => {
    const { problems, notes } = compareEvents(served, eventsOfCatalog(here));
    expect(problems).toEqual([
      'dream: its version there is 2, and the catalog knows it up to version 1',
      'dream, version 1: it is another schema there than in the catalog',
      'gone: the catalog has no such event',
      'edited, version 1: data.a is string there, and number in the catalog; data.c is required, and there is none',
    ]);
    expect(notes).toEqual(['wider, version 1: its schema is another one there, whose data can be read']);
  });

  test('control: the catalog itself, and one with a version more, can read everything', () => {
    expect(compareEvents(served, eventsOfCatalog(there))).toMatchObject({ problems: [], notes: [] });
    const raised = defineEvents({
      ...there.schemas,
      edited: versions(there.schemas.edited, [here.schemas.edited, () => ({ a: 1, c: '' })]),
    });
    expect(compareEvents(served, eventsOfCatalog(raised))).toMatchObject({ problems: [], notes: [] });
  });

  test('a diff lists each event and field', () => {
    expect(linesOf(served, eventsOfCatalog(here))).toEqual([
      '+ added, version 1',
      '~ dream: version 2 → 1',
      '~ dream, version 1: its schema has changed',
      '~ edited, version 1: its schema has changed',
      '    ~ data.a: string → number',
      '    - data.b: string',
      '    + data.c: string',
      '- gone, version 1',
      '~ wider, version 1: its schema has changed',
      '    + data.depth: number, optional',
    ]);
    expect(linesOf(served, eventsOfCatalog(there))).toEqual([]);
  });

  test('a server of before versions is compared by its schemas', () => {
    const old = JSON.parse(
      JSON.stringify(toJsonSchema(there), (key, value) => (key.startsWith('x-') ? undefined : value)),
    );
    expect(compareEvents(eventsOfDocument(old), eventsOfCatalog(here)).problems).toContain(
      'edited, version 1: data.a is string there, and number in the catalog; data.c is required, and there is none',
    );
    expect(() => eventsOfDocument({ hello: 1 })).toThrow(/describes no events/);
  });
});
