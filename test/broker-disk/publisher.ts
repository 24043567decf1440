import { SqliteBroker } from '../../server/broker/sqlite/sqlite-broker.ts';
import { formatCursor } from '../../shared/cursor.ts';
import { entry } from '../broker/contract/entries.ts';

/** Publishes `p-<from>`, `p-<from + 1>`, … until it is killed, and prints each id and cursor once it is acknowledged. */
const [path = '', durability, acknowledge, from] = process.argv.slice(2);
const topic = 'run-1';
const IN_FLIGHT = 64;

const broker = await SqliteBroker.open({
  path,
  durability: durability === 'relaxed' ? 'relaxed' : 'commit',
  maxRecords: 1_000_000,
});
let next = Number(from);
let { epoch, last } = await broker.bounds(topic);
await Promise.all(Array.from({ length: IN_FLIGHT }, publishForever));

async function publishForever(): Promise<void> {
  while (true) {
    const batch = Array.from({ length: 1 + (next % 3) }, () => entry(next, `p-${next++}`));
    const ids = batch.map(({ id }) => id);
    if (acknowledge === 'early') {
      // The control: acknowledgements that do not wait, and a kill at the moment that shows it.
      report(
        ids,
        ids.map(() => formatCursor({ epoch, seq: ++last })),
      );
      const published = broker.publish(topic, batch);
      if (last > 200) process.kill(process.pid, 'SIGKILL');
      await published;
    } else {
      const results = await broker.publish(topic, batch);
      report(
        ids,
        results.map(({ cursor }) => cursor),
      );
    }
  }
}

function report(ids: readonly string[], cursors: readonly string[]): void {
  process.stdout.write(ids.map((id, index) => `${id} ${cursors[index]}\n`).join(''));
}
