import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MAX_SETTLED } from '../../../server/broker/open/settled-events.ts';
import { indexKeys, topicKeys } from '../../../server/broker/redis/log/keys.ts';
import { RedisBroker } from '../../../server/broker/redis/redis-broker.ts';
import { createCertificate } from '../../setup/certificate.ts';
import { freePort, type RedisServer, startRedis } from '../../setup/redis-server.ts';
import { entries, entry, RecordingSink } from '../contract/entries.ts';
import {
  approval,
  OpenRecordingSink,
  openOf,
  ownerOf,
  refused,
  reply,
  settling,
  typing,
  viewer,
} from '../open/open-events.ts';
import { admin, expectNothingPrinted } from './redis-admin.ts';

const topic = 'run-1';

expectNothingPrinted();

/** The rule for an account of its own, as docs/redis.md gives it. */
const RULE = /^ACL SETUSER events (.*)$/m.exec(
  readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8'),
)?.[1];

/** Has records taken out by the limits of their types, beside others, erased ones too. */
async function useRules(broker: RedisBroker): Promise<void> {
  for (let n = 0; n < 9; n++)
    await broker.publish('by-type', [{ ...entry(n), type: n % 2 ? 'chatty' : 'other' }]);
  const { epoch } = await broker.bounds('by-type');
  await broker.erase('by-type', epoch, [8], [{ ...entry(9), type: 'log.erased' }]);
  await broker.publish('by-type', [{ ...entry(10), type: 'chatty' }]);
  const { records } = await broker.read('by-type', { epoch, seq: 0 }, 20);
  expect(records.map(({ seq }) => seq)).toEqual([1, 3, 5, 7, 9, 10, 11]);
}

async function useAll(broker: RedisBroker): Promise<void> {
  const sink = new RecordingSink();
  await broker.tail(topic, sink);
  // Fewer than are kept: a check that reads the log before an announcement arrives finds them all.
  for (const from of [1, 5, 9]) {
    await broker.publish(topic, entries(from, from + 3));
    await expect.poll(() => sink.received.length).toBe(from + 3);
  }
  const { epoch, first } = await broker.bounds(topic);
  expect(first).toBe(8); // trimmed
  expect((await broker.read(topic, { epoch, seq: first }, 10)).records).toHaveLength(4);
  expect(await broker.seek(topic, 0)).toEqual({ epoch, seq: 7 });
  const schema = { type: 'tick', version: 1, fingerprint: 'a', json: '{}' };
  await broker.keepSchemas([schema]);
  expect(await broker.keepSchemas([])).toEqual([schema]);
  const topics: string[] = [];
  await broker.topics((names) => topics.push(...names));
  expect(topics).toContain(topic);
}

/** Has open events of all kinds begun, changed, settled and looked for, of a topic whose log is lost meanwhile. */
async function useOpen(broker: RedisBroker, server: RedisServer): Promise<void> {
  const sets = openOf(broker);
  const sink = new OpenRecordingSink();
  await broker.tail('open', sink);
  const events = [reply('a', { leaseMs: 1 }), approval(), viewer()] as const;
  const [text, asked, member] = events;
  for (const event of events) expect(await sets.begin('open', event, 9)).toMatchObject({ resumed: false });
  expect(await sets.begin('open', member, 9)).toMatchObject({ resumed: true });
  expect(await sets.append('open', ownerOf(text), 1, 'b')).toBe(2);
  expect(await sets.append('open', ownerOf(text), 0, 'ab')).toBe(2);
  await sets.replace('open', ownerOf(member), member.entry);
  await sets.announce('open', typing('Ada'));
  await broker.publish('open', [entry(1, `${asked.id}.settled`)]);
  expect(await sets.settle('open', settling(asked, 'withdrawn'))).toMatchObject({ state: 'withdrawn' });
  expect(await sets.find('open', asked.id)).toMatchObject({ state: 'withdrawn' });
  await expect.poll(() => sets.lapsed(9)).toMatchObject([{ topic: 'open', event: { id: text.id } }]);
  await expect.poll(() => sink.mirror().rev).toBe(6);
  await sets.forget('open', [asked.id]);
  await expect(sets.find('open', asked.id)).rejects.toEqual(refused('NOT_OPEN'));
  const { open, meta } = topicKeys('psyche', 'open');
  await admin(server, (redis) => redis.del(`${open}:text:${text.id}`));
  await sets.lapsed(9);
  for (let n = 0; n <= MAX_SETTLED; n++) {
    const gone = viewer();
    await sets.begin('open', gone, 9);
    await sets.settle('open', settling(gone, 'left'));
  }
  await admin(server, (redis) => redis.del(meta));
  expect(await sets.lapsed(9)).toEqual([]);
  await admin(server, (redis) => redis.zadd(indexKeys('psyche').open, 0.5, 'open'));
  expect(await sets.lapsed(9)).toEqual([]); // it leaves the index
  expect((await sets.read('open')).events).toEqual([]);
}

async function startTls(): Promise<{ server: RedisServer; url: string; caFile: string }> {
  const { caFile, keyFile } = await createCertificate();
  const port = await freePort();
  const files = ['--tls-cert-file', caFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', caFile];
  const server = await startRedis({ args: ['--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no'] });
  return { server, url: `rediss://127.0.0.1:${port}`, caFile };
}

test('the broker works over TLS, with its own certificate authority', async () => {
  const { server, url, caFile } = await startTls();
  await using _ = server;
  const broker = new RedisBroker({ url: `${url}?ca=${caFile}` }, { maxRecords: 5 });
  await useAll(broker);
  await broker.close();
});

test('over TLS, the broker does not talk to a server that no authority vouches for', async () => {
  const { server, url } = await startTls();
  await using _ = server;
  const broker = new RedisBroker({ url });
  await expect(broker.connect()).rejects.toThrow(/self-signed certificate.*\?ca=/);
  await broker.close();
});

test('an account with the documented rights may use every command that a script of ours uses', () => {
  const folder = new URL('../../../server/broker/redis/', import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const used = sources.flatMap((name) => [
    ...readFileSync(new URL(name, folder), 'utf8').matchAll(/redis\.p?call\('(\w+)'/g),
  ]);
  const commands = new Set(used.map(([, command = '']) => `+${command.toLowerCase()}`));
  expect(commands.size).toBeGreaterThan(30);
  const allowed = new Set(RULE?.split(' '));
  expect([...commands].filter((command) => !allowed.has(command))).toEqual([]);
});

test('the broker works as a user with only the rights it needs, who cannot touch other keys', async () => {
  await using server = await startRedis();
  const password = randomUUID();
  const rule = RULE?.replace('>password', `>${password}`) ?? '';
  await admin(server, (redis) => redis.call('ACL', 'SETUSER', 'events', ...rule.split(' ')));
  const url = `redis://events:${password}@127.0.0.1:${server.port}`;
  const broker = new RedisBroker({ url }, { maxRecords: 5, checkIntervalMs: 50 });
  await useAll(broker);
  const byType = new RedisBroker({ url }, { retention: { chatty: { records: 1 } } });
  await useRules(byType);
  await useOpen(byType, server);
  await byType.close();
  // Every few milliseconds it checks and probes: nothing of that may be refused either.
  await broker.publish(topic, [entry(13)]);
  const probed = async () => {
    const stats = await admin(server, (redis) => redis.info('commandstats'));
    return Number(/cmdstat_sunsubscribe:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  await expect.poll(probed).toBeGreaterThan(1); // a probe leaves its channel
  const refused = await admin(server, (redis) => redis.call('ACL', 'LOG'));
  expect(refused).toEqual([]);
  await broker.close();
  const stranger = new RedisBroker({ url }, { prefix: 'other' });
  await expect(stranger.publish(topic, [entry(1)])).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/refused: .*NOPERM.*docs\/redis\.md/),
  });
  await stranger.close();
});
