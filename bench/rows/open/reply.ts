import { Redis } from 'ioredis';
import { Core, startWorker } from '../../harness/process.ts';
import { short } from '../../harness/stats.ts';
import type { Reply, ReplyCommands, ReplyCost, ReplyOptions } from '../../processes/reply.ts';
import { atMostTimes, type RowGroup } from '../section.ts';

const PER_SECOND = 100;

/** Bytes that a reply costs that is read while it is written, against those that it has. */
export const openReply: RowGroup = {
  name: 'open-reply',
  async run(bench) {
    const tokens = bench.quick ? 400 : 2000;
    const redisUrl = await bench.redisUrl();
    const redis = new Redis(redisUrl);
    // A file that is written anew meanwhile would be smaller.
    await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
    redis.disconnect();
    const options: ReplyOptions = { redisUrl, redisPrefix: 'bench-reply' };
    await using writer = startWorker<ReplyCommands>('reply', Core.SERVER, options);
    const write = (reply: Omit<Reply, 'tokens'>): Promise<ReplyCost> =>
      writer.ask.write({ tokens, ...reply });
    await write({ way: 'complete' }); // the first brings the schemas
    const complete = await write({ way: 'complete' });
    const client = await write({ way: 'client', perSecond: PER_SECOND });
    const single = await write({ way: 'single' });
    const { updates } = client;
    const whole = await write({ way: 'whole', updates });
    const wholeEach = await write({ way: 'whole' });
    const row = (name: string, cost: ReplyCost) => [
      name,
      String(cost.updates),
      ...[cost.wire, cost.deflated, cost.appendOnly, cost.before, cost.after].flatMap((bytes) => [
        String(bytes),
        short(bytes / cost.text),
      ]),
    ];
    const times = ({ wire, text }: ReplyCost): number => wire / text;
    return {
      title: 'A reply that is read while it is written',
      setting: `${tokens} tokens of four or five characters, ${client.text} bytes, in one topic through Redis, appendonly with everysec. Bytes on the wire are those to one subscriber, from the opening to the settlement, which has the whole text once more. \`joined\`: by our client at ${PER_SECOND} tokens a second, which joins those of 50 ms. \`the whole text each time\` is what a system does whose events are complete: it publishes all of the text so far, as often as the joined reply was appended to, or for each token. Memory is that of all keys of the topic.`,
      tables: [
        [
          ['', ...HEAD],
          row('complete, published once', complete),
          row('growing, joined', client),
          row('growing, an append for each token', single),
          row('the whole text each time, joined', whole),
          row('the whole text for each token', wholeEach),
        ],
      ],
      bars: [
        atMostTimes('joined, on the wire', times(client), 2, 'its own bytes'),
        atMostTimes('joined, in the append-only file', client.appendOnly / client.text, 2, 'its own bytes'),
        atMostTimes(
          'joined, in Redis’s memory before the end',
          client.before / client.text,
          2,
          'its own bytes',
        ),
        atMostTimes('joined, in Redis’s memory after it', client.after / client.text, 2, 'its own bytes'),
        atMostTimes('joined, on the wire', client.wire / whole.wire, 0.1, 'the whole text each time'),
        atMostTimes(
          'an append for each token, on the wire',
          single.wire / wholeEach.wire,
          0.1,
          'the whole text for each token',
        ),
      ],
    };
  },
};

const HEAD = [
  'updates',
  'wire bytes',
  '× its own',
  'of them deflated',
  '× its own',
  'append-only file',
  '× its own',
  'memory before the end',
  '× its own',
  'memory after it',
  '× its own',
];
