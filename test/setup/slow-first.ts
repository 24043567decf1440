import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take longest, the longest first; a folder stands for all of its files. `npm run test:steady` tells the
 * slowest.
 */
const SLOW = [
  'apps',
  'deploy/nginx.test.ts',
  'conformance',
  'cli',
  'docs/typescript.test.ts',
  'docs/shell.test.ts',
  'broker/redis-servers/redis-failover.test.ts',
  'dashboard',
  'react',
];

/**
 * vitest's sequencer: files with a process of their own, then those that share one, and of each the slow ones first, so
 * that no long file is left to run alone at the end.
 */
export class SlowFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

function rank({ project, moduleId }: TestSpecification): number {
  const place = SLOW.findIndex((path) => moduleId.includes(`/test/${path}`));
  return (project.config.isolate ? 0 : SLOW.length + 1) + (place < 0 ? SLOW.length : place);
}
