import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { hostName, isLocalName, parseHost } from '../../server/access/names/host-address.ts';
import { canonicalOrigin, isAllowedOrigin } from '../../server/access/names/origins.ts';

const isAllowed = (origin: string | undefined, host: string, allowed: readonly string[] = []): boolean =>
  isAllowedOrigin({ headers: { origin, host } } as IncomingMessage, allowed);

describe('origins and hosts are compared as addresses', () => {
  test.each([
    ['https://example.test:8888', 'example.test:8888'],
    ['https://example.test', 'example.test:443'],
    ['http://example.test', 'example.test:80'],
    ['http://example.test', 'example.test'],
    ['http://example.test:80', 'example.test'],
    ['HTTP://Example.Test', 'EXAMPLE.test'],
    ['http://example.test', 'example.test.'],
    ['http://example.test.:3000', 'example.test:3000'],
    ['http://[::1]:3000', '[::1]:3000'],
    ['http://[0:0::1]:3000', '[::1]:3000'],
    ['http://bücher.test', 'xn--bcher-kva.test'],
  ])('%s is the origin of %s', (origin, host) => expect(isAllowed(origin, host)).toBe(true));

  test.each([
    ['https://evil.test', 'example.test'],
    ['https://example.test.evil.test', 'example.test'],
    ['https://evil-example.test', 'example.test'],
    ['https://example.test:8443', 'example.test:8888'],
    ['https://example.test', 'example.test:80'],
    ['http://example.test', 'example.test:443'],
    ['null', 'example.test'],
    ['', 'example.test'],
    ['capacitor://localhost', 'localhost'],
    ['ws://example.test', 'example.test'],
    ['http://example.test@evil.test', 'example.test'],
    ['http://example.test, http://evil.test', 'example.test'],
    ['http://example.test', 'example.test/@evil.test'],
    ['http://example.test', ''],
  ])('%s is not the origin of %s', (origin, host) => expect(isAllowed(origin, host)).toBe(false));

  test('a request without an Origin does not come from a page', () =>
    expect(isAllowed(undefined, 'example.test')).toBe(true));
});

describe('an entry in the list of allowed origins', () => {
  test.each([
    ['https://Example.Test:443/', 'https://example.test'],
    ['https://example.test./app/index.html', 'https://example.test'],
    ['http://[0:0:0:0:0:0:0:1]:80', 'http://[::1]'],
    ['capacitor://localhost', 'capacitor://localhost'],
    ['tauri://localhost/', 'tauri://localhost'],
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
    ['app://Bundle', 'app://bundle'],
    ['file:///', 'file://'],
    ['null', 'null'],
  ])('%s admits pages of %s', (listed, origin) => {
    expect(canonicalOrigin(listed)).toBe(canonicalOrigin(origin));
    expect(isAllowed(origin, 'server.test', [listed])).toBe(true);
    expect(isAllowed(origin, 'server.test', ['https://other.test'])).toBe(false); // the control
  });

  test.each([
    'example.test',
    '*',
    'https://*.example.test',
    'wss://example.test',
    'https://',
    'https://user:secret@example.test',
    'https://example.test?x',
    'mailto:somebody',
    'app://',
    'https://a.test https://b.test',
  ])('%s is refused as no origin', (text) => expect(canonicalOrigin(text)).toBeUndefined());
});

test('all spellings of a host are read alike', () => {
  expect(parseHost('[::1]:80')).toEqual({ name: '::1', port: 80 });
  expect(parseHost('LOCALHOST.:3000')).toEqual({ name: 'localhost', port: 3000 });
  expect(parseHost('example.test:')).toEqual({ name: 'example.test', port: undefined });
  for (const wrong of ['', 'a b', 'a/b', 'u@a', '::1', '[::1', 'a:b', 'a:1:2', '[x]'])
    expect(parseHost(wrong), wrong).toBeUndefined();
  expect(['::1', '[::1]', '0:0:0:0:0:0:0:1', '[::]', '127.1', 'LocalHost', 'redis_1'].map(hostName)).toEqual([
    '::1',
    '::1',
    '::1',
    '::',
    '127.0.0.1',
    'localhost',
    'redis_1',
  ]);
});

test('names of this machine are only those that nobody can point elsewhere', () => {
  const isLocal = (host: string): boolean => isLocalName(parseHost(host)?.name ?? '');
  const local = [
    'localhost',
    'a.localhost:1',
    'LOCALHOST.',
    '127.0.0.1',
    '127.1.2.3:80',
    '[::1]',
    '[::ffff:127.0.0.1]',
  ];
  expect(local.filter((host) => !isLocal(host))).toEqual([]);
  const others = [
    'localhost.evil.test',
    '127.0.0.1.evil.test',
    'evillocalhost',
    '10.0.0.1',
    '0.0.0.0',
    '[::2]',
    '[::]',
  ];
  expect(others.filter(isLocal)).toEqual([]);
});
