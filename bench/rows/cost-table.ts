import type { Compared } from '../harness/compare.ts';
import { short } from '../harness/stats.ts';

const HEAD = [
  'server CPU µs per delivery',
  'of it kernel',
  'lowest–highest round',
  'wire bytes per delivery',
];

/** What compared competitors cost, one row each; the last column is relative to the competitor named `base`. */
export function costTable<K extends string>(what: string, costs: Record<K, Compared>, base: K): string[][] {
  const one = costs[base].microsPerDelivery;
  const rows = Object.entries<Compared>(costs).map(
    ([name, { microsPerDelivery, kernelMicrosPerDelivery, range, bytesPerDelivery }]) => [
      name,
      short(microsPerDelivery),
      short(kernelMicrosPerDelivery),
      range.map(short).join('–'),
      bytesPerDelivery.toFixed(0),
      (microsPerDelivery / one).toFixed(2),
    ],
  );
  return [[what, ...HEAD, `× ${base}`], ...rows];
}
