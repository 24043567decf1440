import type { AnyCatalog } from '../catalog.ts';
import { type Described, describe, fingerprintOf, type JsonSchema } from '../data/fingerprint.ts';
import type { OpenFacts } from './kinds.ts';

/**
 * Describes the data of an event's version, and its kind: a complete event that becomes a growing one is another event to
 * whoever reads it, though its data has the same schema. Undefined where the catalog has no such event or version.
 */
export function describeEvent(catalog: AnyCatalog, name: string, version: number): Described | undefined {
  const schema = catalog.schemaOf(name, version);
  if (!schema) return undefined;
  const [data, facts] = [describe(schema), catalog.opens[name]];
  if (!facts) return data;
  const input = { ...data.input, ...kindWords(facts, 'input') };
  const output = { ...data.output, ...kindWords(facts, 'output') };
  return { input, output, fingerprint: fingerprintOf(input, output) };
}

/** Words of a JSON Schema of data for the kind of its event, the field that grows, and the answers that it takes. */
export function kindWords({ kind, field, answers }: OpenFacts, io: 'input' | 'output'): JsonSchema {
  return {
    'x-kind': kind,
    ...(field !== undefined && { 'x-grows': field }),
    ...(answers && { 'x-answers': describe(answers)[io] }),
  };
}
