import { describe, expect, test } from 'vitest';
import { parseRedisUrl } from '../../../server/broker/redis/servers/redis-url.ts';
import { keySlot } from '../../../server/broker/redis/servers/topology.ts';
import { createCertificate } from '../../setup/certificate.ts';

describe('a Redis URL', () => {
  test.each([
    ['redis://localhost', { servers: [{ host: 'localhost', port: 6379 }], options: {} }],
    ['redis://[::1]:7000/2', { servers: [{ host: '::1', port: 7000 }], options: { db: 2 } }],
    ['redis://:p%40ss%2F@h', { servers: [{ host: 'h', port: 6379 }], options: { password: 'p@ss/' } }],
    [
      'redis://me:a:b@h/0',
      { servers: [{ host: 'h', port: 6379 }], options: { username: 'me', password: 'a:b' } },
    ],
    ['rediss://h:1', { servers: [{ host: 'h', port: 1 }], options: { tls: {} } }],
  ])('names one server: %s', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual({ ...expected, sentinel: null, cluster: false });
  });

  test('names Sentinels and the master behind them', () => {
    const url = 'redis+sentinel://u:p@a,b:5/main/3?sentinelUsername=s&sentinelPassword=%26';
    expect(parseRedisUrl(url)).toEqual({
      servers: [
        { host: 'a', port: 26379 },
        { host: 'b', port: 5 },
      ],
      sentinel: { name: 'main', sentinelUsername: 's', sentinelPassword: '&' },
      cluster: false,
      options: { username: 'u', password: 'p', db: 3 },
    });
    expect(parseRedisUrl('rediss+sentinel://a/main')).toMatchObject({
      sentinel: { name: 'main', sentinelTLS: {}, enableTLSForSentinelMode: true },
      options: { tls: {} },
    });
  });

  test('names some nodes of a Cluster, and its certificate authority', async () => {
    const { ca, caFile } = await createCertificate();
    expect(parseRedisUrl(`rediss+cluster://a:1,b:2?ca=${encodeURIComponent(caFile)}`)).toEqual({
      servers: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      sentinel: null,
      cluster: true,
      options: { tls: { ca } },
    });
  });

  test.each([
    ['http://h', /must look like redis:/],
    ['redis://', /must look like redis:/],
    ['redis://secret@h', /colon between user and password/],
    ['redis://:secret%@h', /percent-encoded/],
    ['redis://a,b', /redis\+sentinel/],
    ['redis://:secret@h:99999', /hosts such as/],
    ['redis://:secret@h/x', /number of a database/],
    ['redis+sentinel://:secret@h', /name the master/],
    ['redis+cluster://:secret@h/1', /ends with its hosts/],
    ['redis://:secret@h/0/1', /too long a path/],
    ['redis://:secret@h?ca=x', /unknown parameter, ca: a URL of this kind takes none/],
    ['rediss://:secret@h?family=6', /unknown parameter, family: it may be ca, cert, key/],
    ['rediss://:secret@h?ca=/none.pem', /a file in \?ca= that cannot be read: \/none.pem/],
  ])('that is wrong is refused without showing its contents: %s', (url, message) => {
    expect(() => parseRedisUrl(url)).toThrow(TypeError);
    expect(() => parseRedisUrl(url)).toThrow(message);
    expect(() => parseRedisUrl(url)).not.toThrow(/secret/);
  });
});

test('the slot of a key is computed as Redis computes it', () => {
  // As CLUSTER KEYSLOT answers.
  const slots = {
    foo: 12182,
    '': 0,
    '{user1000}.following': 3443,
    'foo{}{bar}': 8363,
    'foo{{bar}}zap': 4015,
  };
  for (const [key, slot] of Object.entries(slots)) expect([key, keySlot(key)]).toEqual([key, slot]);
});
