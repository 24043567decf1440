import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** vitest's globalSetup of the long form: prints what each fault led to. */
export function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'psyche-chaos-'));
  const file = join(directory, 'report.jsonl');
  writeFileSync(file, '');
  process.env['CHAOS_REPORT'] = file;
  return () => {
    const rows = readFileSync(file, 'utf8').trim().split('\n').filter(Boolean);
    console.table(
      Object.fromEntries(
        rows.map((line) => {
          const { fault, ...row } = JSON.parse(line);
          return [fault, row];
        }),
      ),
    );
    rmSync(directory, { recursive: true });
  };
}
