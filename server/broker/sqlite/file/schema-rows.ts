import type { KeptSchema } from '../../broker.ts';
import { unavailable } from './engine.ts';
import type { LogFile } from './log-file.ts';

/** Keeps schemas of events in the file, see Broker.keepSchemas. @throws EventsError UNAVAILABLE */
export function keepSchemas(file: LogFile, schemas: readonly KeptSchema[]): KeptSchema[] {
  const { statements } = file;
  try {
    const kept: KeptSchema[] = statements.schemas.all();
    const missing = schemas.filter((schema) => !kept.some((other) => isSame(schema, other)));
    if (missing.length === 0) return kept;
    file.transaction(() => {
      for (const { type, version, fingerprint, json } of missing)
        statements.keepSchema.run(type, version, fingerprint, json);
    });
    return kept;
  } catch (error) {
    throw unavailable(file.path, error);
  }
}

function isSame(one: KeptSchema, other: KeptSchema): boolean {
  return one.type === other.type && one.version === other.version && one.fingerprint === other.fingerprint;
}
