import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { canPin } from './harness/process.ts';

const PACKAGES = ['@trpc/server', 'ws', 'socket.io', 'graphql-ws', 'ioredis'];

/** Properties of the machine on which the figures of a run depend. */
export function describeMachine(): string[] {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const pinning = canPin
    ? 'server and counting process pinned to a core each'
    : 'processes not pinned: noisier';
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `${cpu}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GB; ${pinning}`,
    `${type()} ${release()}, Node ${process.versions.node}; load average before the run ${(loadavg()[0] ?? 0).toFixed(1)}`,
    PACKAGES.map((name) => `${name} ${version(name)}`).join(', '),
  ];
}

function version(name: string): string {
  const { resolve } = createRequire(import.meta.url);
  // Not every package exports its package.json, so it is looked for beside the entry point.
  const entry = resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(`/node_modules/${name}/`));
  const found: unknown = JSON.parse(readFileSync(`${folder}/node_modules/${name}/package.json`, 'utf8'));
  return typeof found === 'object' && found !== null && 'version' in found
    ? String(found.version)
    : 'unknown';
}
