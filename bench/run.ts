import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './harness/build.ts';
import { LazyRedis } from './harness/redis.ts';
import { describeMachine } from './machine.ts';
import { report, sectionText } from './report.ts';
import { burst } from './rows/fan-out/burst.ts';
import { compressed } from './rows/fan-out/compressed.ts';
import { fanOut } from './rows/fan-out/fan-out.ts';
import { filters } from './rows/fan-out/filters.ts';
import { fromClient } from './rows/fan-out/from-client.ts';
import { growth } from './rows/fan-out/growth.ts';
import { metrics } from './rows/fan-out/metrics.ts';
import { serverSent } from './rows/fan-out/server-sent.ts';
import { manyTopics, severalTopics } from './rows/fan-out/topics.ts';
import { openAppend } from './rows/open/append.ts';
import { openCapacity } from './rows/open/capacity.ts';
import { openReply } from './rows/open/reply.ts';
import { catchUp } from './rows/process/catch-up.ts';
import { commands } from './rows/process/commands.ts';
import { latency } from './rows/process/latency.ts';
import { memory } from './rows/process/memory.ts';
import { redisPublish } from './rows/process/redis-publish.ts';
import { workers } from './rows/process/workers.ts';
import { questions, worstClients } from './rows/process/worst-clients.ts';
import type { Bench, Section } from './rows/section.ts';

const GROUPS = [
  fanOut,
  fromClient,
  serverSent,
  burst,
  compressed,
  filters,
  severalTopics,
  manyTopics,
  metrics,
  openAppend,
  openReply,
  openCapacity,
  latency,
  redisPublish,
  memory,
  catchUp,
  growth,
  workers,
  questions,
  worstClients,
  commands,
];
const USAGE = `npm run bench -- [options]

  --quick         fewer connections, events and rounds: under a minute, and noisier
  --only <name>   one group: ${GROUPS.map(({ name }) => name).join(', ')}

A full run of all groups writes bench/RESULTS.md. Ends with 1 if a delivery was missing or a group failed.`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const groups = GROUPS.filter(({ name }) => values.only === undefined || name === values.only);
if (values.help || groups.length === 0) {
  console.log(USAGE);
  process.exit(values.help ? 0 : 2);
}

await using redis = new LazyRedis();
const bench: Bench = {
  quick: values.quick,
  rounds: values.quick ? 3 : 11,
  turnMs: values.quick ? 100 : 300,
  redisUrl: () => redis.url(),
};

const machine = describeMachine();
console.log(machine.join('\n'));
build();
const sections: Section[] = [];
for (const group of groups) {
  const start = performance.now();
  try {
    const section = await group.run(bench);
    sections.push(section);
    console.log(`\n${sectionText(section)}\n\n(${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`\n## ${group.name} FAILED\n`, error);
  }
}
const full = !values.quick && sections.length === GROUPS.length;
if (full) writeFileSync(join(import.meta.dirname, 'RESULTS.md'), report(machine, sections));
else console.log('\nbench/RESULTS.md is left as it is: only a full run of all groups writes it.');
