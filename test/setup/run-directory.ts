import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A directory for what all workers of the run share; removed when it ends. */
    runDirectory: string;
  }
}

/** vitest's globalSetup: a directory for the run. Read its path with `inject('runDirectory')`. */
export function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'psyche-run-'));
  project.provide('runDirectory', directory);
  return () => rmSync(directory, { recursive: true, force: true });
}
