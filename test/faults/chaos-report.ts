import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** vitest's globalSetup of the long form: prints what each fault led to, and what its control did. */
export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'psyche-chaos-'));
  const file = join(directory, 'report.jsonl');
  writeFileSync(file, '');
  process.env['CHAOS_REPORT'] = file;
  return () => {
    const table: Record<string, object> = {};
    for (const line of readFileSync(file, 'utf8').trim().split('\n').filter(Boolean)) {
      const { fault, ...figures } = JSON.parse(line);
      table[fault] = { ...table[fault], ...figures };
    }
    const byNumber = Object.entries(table).sort(
      ([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10),
    );
    console.table(Object.fromEntries(byNumber));
    rmSync(directory, { recursive: true });
  };
}
