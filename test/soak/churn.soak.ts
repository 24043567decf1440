import { expect, test } from 'vitest';
import { checkChurn } from './churn-checks.ts';

/** Ten minutes; CHURN_SECONDS=3600 is an hour. */
const SECONDS = Number(process.env['CHURN_SECONDS'] ?? 600);

test('clients that come and go for a long time leave memory flat, and nothing behind', {
  timeout: (SECONDS + 120) * 1000,
}, async () => {
  const figures = await checkChurn({ seconds: SECONDS, clients: 60, publishers: 8 });
  console.log(JSON.stringify(figures, null, 2));
  // Flat: the line through what was measured after garbage collection rises by less than a twentieth of it.
  expect(figures.heapRiseMiB).toBeLessThan(Math.max(2, figures.heapMiB.first / 20));
  expect(figures.heapMiB.left - figures.heapMiB.empty).toBeLessThan(12);
});
