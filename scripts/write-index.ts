/** Writes llms.txt and docs/README.md anew: `npm run index`. A test tells when that is due. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MADE } from './document-index.ts';

for (const [file, text] of Object.entries(MADE)) {
  writeFileSync(join(import.meta.dirname, '..', file), text());
}
