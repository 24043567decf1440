import { describe, expect, test } from 'vitest';
import type { KeptSchema } from '../../../server/broker/broker.ts';
import type { BrokerKind } from './fixtures.ts';

const schema = (type: string, version: number, fingerprint: string): KeptSchema => ({
  type,
  version,
  fingerprint,
  json: `{"input":{"title":"${type} ü\\n${fingerprint}"},"output":{}}`,
});

/** Contract of every broker that keeps schemas: see the comments of Broker.keepSchemas. */
export function describeSchemas({ open, keepsSchemas }: BrokerKind): void {
  test('[V3] schemas are kept where logs outlive the process', async () => {
    await using log = await open();
    expect(log.broker.keepSchemas !== undefined).toBe(keepsSchemas);
  });

  describe.skipIf(!keepsSchemas)('schemas (of brokers whose logs outlive the process)', () => {
    test('[V3] are kept once, and answered as they were before, the oldest first', async () => {
      await using log = await open();
      const keep = async (...schemas: KeptSchema[]) => log.another().keepSchemas?.(schemas);
      const [z1, a1, a2, changed] = [
        schema('z', 1, 'x1'),
        schema('a', 1, 'y1'),
        schema('a', 2, 'y2'),
        schema('z', 1, 'x2'),
      ];
      expect(await keep()).toEqual([]);
      expect(await keep(z1, a1)).toEqual([]);
      expect(await keep(a1, changed, a2)).toEqual([z1, a1]);
      expect(await keep(z1, changed)).toEqual([z1, a1, changed, a2]);
      expect(await keep()).toEqual([z1, a1, changed, a2]);
    });

    test('[V3] are kept once, whoever else keeps them at the same time', async () => {
      await using log = await open();
      const mine = [schema('a', 1, 'y1'), schema('b', 1, 'y2')];
      await Promise.all(Array.from({ length: 10 }, () => log.another().keepSchemas?.(mine)));
      expect(await log.broker.keepSchemas?.([])).toEqual(mine);
    });

    test('are no topics, and rejected with CLOSED once the broker is closed', async () => {
      await using log = await open();
      await log.broker.keepSchemas?.([schema('a', 1, 'y1')]);
      const told: string[] = [];
      await log.broker.topics((names) => told.push(...names));
      expect(told).toEqual([]);
      await log.broker.close();
      await expect(log.broker.keepSchemas?.([])).rejects.toMatchObject({ code: 'CLOSED' });
    });
  });
}
