import { EventManager, RedisBroker, runs } from '../../../server/index.ts';
import { runCatalog, topic, untilAborted } from '../../runs/world.ts';

/** A node of a process of its own, with some runs that write and never end. Its argument is a `RunProcessOptions` as JSON. */
export interface RunProcessOptions {
  redisUrl: string;
  prefix: string;
  leaseMs: number;
  /** Ids of its runs. */
  ids: readonly string[];
}

const { redisUrl, prefix, leaseMs, ids } = JSON.parse(process.argv[2] ?? '') as RunProcessOptions;
const manager = new EventManager({
  broker: new RedisBroker({ url: redisUrl }, { prefix, timeoutMs: 20_000 }),
  catalog: runCatalog,
});
const of = runs(manager, { topic, leaseMs });
for (const id of ids) {
  await of.start(
    async (run) => {
      const reply = await run.begin('reply', { agent_id: id, text: '' });
      await reply.append('Let me');
      await untilAborted(run);
    },
    { id, by: 'ada' },
  );
}
while ((await manager.openEvents({ topic, types: ['reply'] })).items.length < ids.length);

process.on('disconnect', () => process.exit()); // its test is over, however it ended
process.send?.('running');
