import { afterEach, expect, test, vi } from 'vitest';
import { cutLine, installLine } from '../../dashboard/trials/line.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

class Socket extends EventTarget {
  isClosed = false;
  close(): void {
    this.isClosed = true;
    this.dispatchEvent(new Event('close'));
  }
}

test('a socket that opens between the ends of two cuts can be cut', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Nothing is asked for.')));
  installLine();
  const open = (): Socket => new WebSocket('ws://127.0.0.1') as unknown as Socket;
  const cuts = [cutLine(1000)];
  await vi.advanceTimersByTimeAsync(500);
  cuts.push(cutLine(1000));
  const during = open();
  await vi.advanceTimersByTimeAsync(600);
  const between = open();
  await vi.advanceTimersByTimeAsync(600);
  await Promise.all(cuts);
  expect([during.isClosed, between.isClosed]).toEqual([true, false]);
  const last = cutLine(1000);
  expect(between.isClosed).toBe(true);
  await vi.advanceTimersByTimeAsync(1000);
  await last;
});
