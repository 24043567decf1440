import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take longest, the longest first; a path that ends with a slash stands for all files of that folder.
 * `npm run test:steady` tells the slowest.
 */
const SLOW = [
  'client/fallback.test.ts',
  'faults/open/',
  'conformance/',
  'faults/floods.test.ts',
  'model/',
  'examples/',
  'faults/',
  'apps/',
  'nodes/',
  'soak/',
  'broker/contract/',
  'agents/ai/chromium.test.ts',
  'deploy/nginx.test.ts',
  'cli/',
  'broker/redis-servers/',
  'dashboard/',
  'docs/typescript.test.ts',
  'client/browsers.test.ts',
  'client/stream-answers.test.ts',
  'agents/table/',
  'react/',
];

/**
 * vitest's sequencer: one project after another, as a worker that changes to another project starts anew, and loads
 * everything again; of each the slow files first, so that no long one is left to run alone at the end.
 */
export class SlowFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications); // by project, in the order of their names
    const names = [...new Set(sorted.map(({ project }) => project.name))];
    return sorted.toSorted(
      (one, other) =>
        names.indexOf(one.project.name) - names.indexOf(other.project.name) || rank(one) - rank(other),
    );
  }
}

function rank({ moduleId }: TestSpecification): number {
  const place = SLOW.findIndex((path) => moduleId.includes(`/test/${path}`));
  return place < 0 ? SLOW.length : place;
}
