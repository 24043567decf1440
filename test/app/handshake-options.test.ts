import { describe, expect, test } from 'vitest';
import { keepAcceptableOffers } from '../../server/broadcaster/upgrade/upgrades.ts';
import { COMPRESSION } from '../../server/index.ts';
import { startTestServer } from './harness.ts';
import { answers, naive, Raw, upgrade } from './raw-http.ts';

describe('an option that a WebSocket handshake offers', () => {
  const ODD = [
    'permessage-deflate; unknown=1',
    'permessage-deflate; client_max_window_bits=7',
    'permessage-deflate; client_max_window_bits=15; client_max_window_bits=10',
    'permessage-deflate; server_max_window_bits=10',
    'permessage-deflate; server_no_context_takeover=yes',
    'x-webkit-deflate-frame, foo; bar="a;b, c"',
    ';;, =',
  ];

  test.each(ODD)('is declined when it is unacceptable: %s', async (offer) => {
    await using server = await startTestServer({ compression: true });
    using raw = new Raw(server.port);
    raw.write(upgrade('h2c, WebSocket', `Sec-WebSocket-Extensions: ${offer}\r\n`));
    await expect.poll(() => raw.statuses).toEqual([101]);
    expect(raw.text.toLowerCase()).not.toContain('sec-websocket-extensions');
  });

  test('is accepted when it is the first acceptable one', async () => {
    await using server = await startTestServer({ compression: true });
    for (const offer of [
      'client_max_window_bits',
      'client_max_window_bits="10"',
      'server_max_window_bits=15',
    ]) {
      using raw = new Raw(server.port);
      const offers = `permessage-deflate; unknown, permessage-deflate; ${offer}`;
      raw.write(upgrade('websocket', `Sec-WebSocket-Extensions: ${offers}\r\n`));
      await expect.poll(() => raw.statuses, { message: offer }).toEqual([101]);
      expect(raw.text.toLowerCase()).toContain('sec-websocket-extensions: permessage-deflate');
    }
  });

  test('control: is refused with 400 by ws alone', async () => {
    using server = await naive(undefined, COMPRESSION);
    expect(
      await answers(server.port, upgrade('websocket', `Sec-WebSocket-Extensions: ${ODD[0]}\r\n`)),
    ).toEqual([400]);
  });

  test('is declined when it is an invalid or repeated subprotocol', async () => {
    await using server = await startTestServer();
    const offer = 'Sec-WebSocket-Protocol: a, a, (x, \r\n';
    expect(await answers(server.port, upgrade('websocket', offer))).toEqual([101]);
    using control = await naive();
    expect(await answers(control.port, upgrade('websocket', offer))).toEqual([400]);
  });

  test('is left unchanged when it is acceptable', () => {
    const headers = { 'sec-websocket-protocol': 'a, b', 'sec-websocket-extensions': 'permessage-deflate' };
    keepAcceptableOffers({ headers } as never);
    expect(headers).toEqual({
      'sec-websocket-protocol': 'a, b',
      'sec-websocket-extensions': 'permessage-deflate',
    });
  });
});
