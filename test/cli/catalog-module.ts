import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** A module that exports a catalog, as an application has one. Returns its path. */
export function catalogModule(
  directory: string,
  name: string,
  events: string,
  as = 'export const catalog =',
): string {
  const path = join(directory, name);
  const doors = (door: string) => JSON.stringify(join(ROOT, door));
  writeFileSync(
    path,
    `import * as z from ${doors('node_modules/zod/index.js')};
import { defineEvents, ephemeral, growing, presence, question, versions } from ${doors('dist/shared/index.js')};
${as} defineEvents(${events});\n`,
  );
  return path;
}
