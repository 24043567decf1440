import { Redis } from 'ioredis';
import { expect, inject, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { startRedis } from './redis-server.ts';

test('the run has a Redis', async () => {
  const redis = new Redis(inject('redisUrl'));
  expect(await redis.ping()).toBe('PONG');
  redis.disconnect();
});

test('a Redis with appendonly keeps its data through a crash and a stop', async () => {
  await using server = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  for (const end of [server.kill, server.stop]) {
    const before = new Redis(server.url, { retryStrategy: null });
    before.on('error', () => {});
    await before.incr('n');
    await end();
    before.disconnect();
    await server.restart();
  }
  const after = new Redis(server.url);
  expect(await after.get('n')).toBe('2');
  after.disconnect();
});

test('the browser renders a page', async () => {
  await using browser = await launchChromium();
  const page = await browser.newPage();
  await page.setContent('<h1>here</h1>');
  expect(await page.textContent('h1')).toBe('here');
});
