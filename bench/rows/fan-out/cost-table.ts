import { type Compared, own, ratio } from '../../harness/compare.ts';
import { short } from '../../harness/stats.ts';

const HEAD = [
  'server CPU µs per delivery',
  'of it kernel',
  'own',
  'lowest–highest round',
  'wire bytes per delivery',
];

/** Costs of compared competitors, one row each; the last column is relative to the competitor named `base`. */
export function costTable<K extends string>(what: string, costs: Record<K, Compared>, base: K): string[][] {
  const rows = Object.entries<Compared>(costs).map(([name, cost]) => [
    name,
    short(cost.microsPerDelivery),
    short(cost.kernelMicrosPerDelivery),
    short(own(cost)),
    lowestToHighest(cost),
    cost.bytesPerDelivery.toFixed(0),
    ratio(cost, costs[base]).toFixed(2),
  ]);
  return [[what, ...HEAD, `× ${base}`], ...rows];
}

function lowestToHighest({ rounds }: Compared): string {
  const micros = rounds.map(({ microsPerDelivery }) => microsPerDelivery);
  return `${short(Math.min(...micros))}–${short(Math.max(...micros))}`;
}
