import { compare, ratio } from '../../harness/compare.ts';
import { costTable } from '../fan-out/cost-table.ts';
import { atMostTimes, type Bar, type RowGroup } from '../section.ts';

const SUBSCRIBERS = 1000;

/** A piece of a text that grows, against a complete event of as many bytes. */
export const openAppend: RowGroup = {
  name: 'open-append',
  async run(bench) {
    const tables: string[][][] = [];
    const bars: Bar[] = [];
    const redisUrl = await bench.redisUrl();
    for (const through of ['embedded', 'through Redis']) {
      const redis = through === 'embedded' ? {} : { redisUrl };
      const to = (peer: 'ours' | 'oursOpen' | 'oursAppend') => ({
        peer,
        subscribers: SUBSCRIBERS,
        ...redis,
        redisPrefix: `bench-${peer}`,
      });
      const costs = await compare(
        {
          'an append': to('oursAppend'),
          'an event': to('oursOpen'),
          'an event, of a catalog without open ones': to('ours'),
        },
        { perTick: 1 },
        bench,
      );
      const [append, event] = [costs['an append'], costs['an event']];
      const bytes = append.bytesPerDelivery / event.bytesPerDelivery;
      if (Math.abs(bytes - 1) > 0.02)
        throw new Error(`an append has ${bytes.toFixed(2)} × the bytes of an event`);
      tables.push(costTable(`${SUBSCRIBERS} subscribers, ${through}`, costs, 'an event'));
      bars.push(
        atMostTimes(`an append, ${through}`, ratio(append, event), 1.1, 'an event of the same bytes'),
      );
    }
    return {
      title: 'An append to a growing event',
      setting: `One append, or one agent_message of as many bytes on the wire, in each turn of the event loop, to ${SUBSCRIBERS} subscribers. A hundred texts grow in turns, so that no two appends are joined.`,
      tables,
      bars,
    };
  },
};
