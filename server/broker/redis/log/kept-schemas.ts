import type { KeptSchema } from '../../broker.ts';
import type { RedisServers } from '../servers/servers.ts';
import { FORMAT, type FormatGuard, REFUSE_LATER } from './format.ts';

/**
 * Adds schemas that are not kept yet, each with its place in the order in which they came.
 * KEYS: 1 the schemas. ARGV: of each schema its name and its JSON. Reply: all fields from before, each followed by its value.
 */
const KEEP = `${REFUSE_LATER}
local before = redis.call('HGETALL', KEYS[1])
local known, count = {}, 0
for i = 1, #before, 2 do known[before[i]] = before[i + 1] end
refuseLater(known['format'])
for _ in pairs(known) do count = count + 1 end
for arg = 1, #ARGV, 2 do
  if not known[ARGV[arg]] then
    redis.call('HSET', KEYS[1], 'format', ${FORMAT}, ARGV[arg], count .. ' ' .. ARGV[arg + 1])
    count = count + 1
  end
end
return before
`;

/**
 * The schemas of events in Redis: a hash of `<type> <version> <fingerprint>`, each with its place in the order in which
 * they came, and its JSON. It has no expiry, since it must outlive every log; it grows by an entry with each change of a
 * schema.
 */
export class KeptSchemas {
  readonly #servers: RedisServers;
  readonly #key: string;
  readonly #format: FormatGuard;

  constructor(servers: RedisServers, key: string, format: FormatGuard) {
    this.#servers = servers;
    this.#key = key;
    this.#format = format;
  }

  /** See Broker.keepSchemas. */
  async keep(schemas: readonly KeptSchema[]): Promise<KeptSchema[]> {
    const added = schemas.flatMap(({ type, version, fingerprint, json }) => [
      `${type} ${version} ${fingerprint}`,
      json,
    ]);
    const reply = await this.#format.explain(
      'What is kept of schemas',
      this.#servers.run(this.#key, (redis) => redis.eval(KEEP, 1, this.#key, ...added)),
    );
    const found: { place: number; schema: KeptSchema }[] = [];
    const fields = Array.isArray(reply) ? reply.map(String) : [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [, type, version, fingerprint] = /^([^ ]+) (\d+) ([^ ]+)$/.exec(fields[at] ?? '') ?? [];
      const [, place, json] = /^(\d+) (.*)$/s.exec(fields[at + 1] ?? '') ?? [];
      if (type === undefined || fingerprint === undefined || json === undefined) continue;
      found.push({ place: Number(place), schema: { type, version: Number(version), fingerprint, json } });
    }
    return found.sort((a, b) => a.place - b.place).map(({ schema }) => schema);
  }
}
