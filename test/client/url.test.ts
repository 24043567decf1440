import { afterEach, describe, expect, test, vi } from 'vitest';
import { endpointUrl, toHttpUrl, toWebSocketUrl } from '../../client/connection/url.ts';

afterEach(() => vi.unstubAllGlobals());

describe('the address of an endpoint', () => {
  test.each([
    ['ws://a.example:3000/trpc', 'ws://a.example:3000/trpc'],
    ['ws://a.example:3000/trpc/', 'ws://a.example:3000/trpc'],
    ['ws://a.example:3000//trpc//', 'ws://a.example:3000/trpc'],
    ['ws://a.example:3000', 'ws://a.example:3000/trpc'],
    ['WS://A.Example:3000/', 'ws://a.example:3000/trpc'],
    ['http://a.example/events', 'ws://a.example/events/trpc'],
    ['https://a.example/events/', 'wss://a.example/events/trpc'],
    ['https://a.example/api/trpc?tenant=1#top', 'wss://a.example/api/trpc?tenant=1'],
    ['http://[::1]:3000', 'ws://[::1]:3000/trpc'],
    ['[::1]:3000/trpc', 'ws://[::1]:3000/trpc'],
    ['127.0.0.1:3000', 'ws://127.0.0.1:3000/trpc'],
    ['a.example:3000/events', 'ws://a.example:3000/events/trpc'],
    ['localhost', 'ws://localhost/trpc'],
    [' ws://a.example/trpc\n', 'ws://a.example/trpc'],
  ])('is normalised: %s', (written, address) => {
    expect(toWebSocketUrl(written)).toBe(address);
    expect(toHttpUrl(written)).toBe(address.replace(/^ws/, 'http'));
  });

  test('may be a URL with another path', () => {
    expect(toHttpUrl(new URL('http://a.example/api/rpc'))).toBe('http://a.example/api/rpc');
  });

  test('may be, on a page, a path of its origin or one relative to the page', () => {
    vi.stubGlobal('location', { href: 'https://a.example/psyche/' });
    expect(toWebSocketUrl(undefined)).toBe('wss://a.example/trpc');
    expect(toWebSocketUrl('/api/trpc')).toBe('wss://a.example/api/trpc');
    expect(toWebSocketUrl('trpc')).toBe('wss://a.example/psyche/trpc');
    expect(toWebSocketUrl('127.0.0.1:3000')).toBe('wss://127.0.0.1:3000/trpc');
  });

  test.each([
    [undefined, /pass url, .*; only a page has one of its own/],
    ['/trpc', /pass url, .*; "\/trpc" is no address here/],
    ['', /pass url/],
    ['a.example', /pass url/],
    ['ftp://a.example', /not ftp:/],
    ['file:///trpc', /not file:/],
    ['http://me:secret@a.example', /Pass token/],
  ])('is refused: %s', (written, words) => {
    expect(() => endpointUrl(written)).toThrow(words);
    expect(() => endpointUrl(written)).toThrow(TypeError);
  });
});
