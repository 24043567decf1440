import { type Broker, RedisBroker, SqliteBroker } from '../../../server/index.ts';
import { MOST, openOf, ownerOf, reply, settling, topic } from './open-events.ts';

/** Begins replies, lets them grow and settles them until it is killed, and prints a line for each. */
const [kind, where = '', prefix = '', mode, start] = process.argv.slice(2);

const broker: Broker =
  kind === 'SqliteBroker'
    ? await SqliteBroker.open({ path: where, maxRecords: 1_000_000 })
    : new RedisBroker({ url: where }, { prefix, timeoutMs: 20_000, maxRecords: 1_000_000 });
const sets = openOf(broker);

/** Several at a time, so that a kill is in the midst of some. */
async function work(lane: number): Promise<void> {
  for (let n = 0; ; n++) {
    const event = reply('', { id: `${start}-${lane}-${n}` });
    await sets.begin(topic, event, MOST);
    for (let at = 0; at < 3; at++) await sets.append(topic, ownerOf(event), at, `${at}`);
    const done = settling(event, 'done');
    if (mode === 'whole') await sets.settle(topic, done);
    else await settleInTwoSteps(done);
    process.stdout.write(`${event.id}\n`);
  }
}

/** The control: the record first, the set later; it ends between the two. */
async function settleInTwoSteps({ entry, ...rest }: ReturnType<typeof settling>): Promise<void> {
  if (entry) await broker.publish(topic, [entry]);
  process.kill(process.pid, 'SIGKILL');
  await sets.settle(topic, rest);
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => work(lane)));
