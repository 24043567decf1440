import { expect, test } from 'vitest';
import { buildPage } from '../setup/build-page.ts';

// Sizes and imports of the doors are checked by scripts/sizes.ts.

test('a page with the hooks carries neither zod nor the ws package', async () => {
  const page = await buildPage('test/react/page', 'production');
  const code = [...page].filter(([path]) => path.endsWith('.js')).map(([, body]) => body.toString());
  expect(code.length).toBeGreaterThan(0);
  expect(code.join('')).toContain('stream_synced');
  expect(code.join('')).not.toMatch(/ZodError|WebSocketServer|Sec-WebSocket-Key/i);
}, 120_000);
