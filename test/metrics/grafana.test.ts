import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { startTestServer } from '../app/harness.ts';

const FILE = join(import.meta.dirname, '../../deploy/grafana/psyche-events.json');

interface Panel {
  type: string;
  title: string;
  gridPos: { x: number; w: number };
  targets?: { expr: string }[];
}

test('the Grafana dashboard uses existing metrics, and shows all of ours', async () => {
  await using server = await startTestServer({
    metricsPort: 0,
    redisUrl: inject('redisUrl'),
    redisPrefix: randomUUID(),
    ingress: true,
  });
  const text = await (await fetch(server.metricsUrl ?? '')).text();
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]),
  );
  const exposed = new Set(
    [...types].flatMap(([name, type]) => (type === 'histogram' ? [`${name}_bucket`] : [name])),
  );

  const { panels } = JSON.parse(readFileSync(FILE, 'utf8')) as { panels: Panel[] };
  const shown = panels.filter(({ type }) => type !== 'row');
  for (const { title, targets = [], gridPos } of shown) {
    expect(targets.length, title).toBeGreaterThan(0);
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
  }
  const asked = new Set(
    shown.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => expr.match(/\b(psyche|nodejs|process)_\w+/g) ?? []),
    ),
  );
  expect([...asked].filter((name) => !exposed.has(name))).toEqual([]);
  expect([...exposed].filter((name) => name.startsWith('psyche_') && !asked.has(name))).toEqual([]);
});
