import { describe, expect, test } from 'vitest';
import { requestOfForm } from '../../server/app/http/request-bodies.ts';
import { startTestServer } from './harness.ts';

const PART = '--border\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n\r\n';
const form = (parts: number): Buffer => Buffer.from(`${PART.repeat(parts)}--border--\r\n`);
const asked = (type: string): Request =>
  new Request('http://localhost', { method: 'POST', headers: { 'content-type': type } });
const TYPE = 'multipart/form-data; boundary=border';

describe('a form', () => {
  test('with 100 parts is read', async () => {
    const read = await requestOfForm(asked(TYPE), form(100)).formData();
    expect(read.getAll('file')).toHaveLength(100);
  });

  test.each([
    ['too many parts', form(101)],
    ['too long a name', Buffer.from(PART.replace('name="file"', `name="${'a'.repeat(20_000)}"`))],
    ['too many headers', Buffer.from(`--border\r\n${'a: b\r\n'.repeat(4000)}\r\n\r\n--border--\r\n`)],
    ['an unfinished head', Buffer.from(`--border\r\n${' '.repeat(20_000)}`)],
  ])('with %s is refused before it is read', (_, body) => {
    expect(() => requestOfForm(asked(TYPE), body)).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
  });

  test('is parsed with the boundary that was checked', async () => {
    const two = asked('multipart/form-data; boundary=border; boundary="other"');
    expect(requestOfForm(two, form(1)).headers.get('content-type')).toBe(
      'multipart/form-data; boundary="border"',
    );
    expect(() => requestOfForm(asked('multipart/form-data'), form(1))).toThrow('boundary');
  });

  test('that is too large is answered with 413, and a small one by tRPC', async () => {
    await using server = await startTestServer();
    const send = async (parts: number): Promise<number> => {
      const init = { method: 'POST', headers: { 'content-type': TYPE }, body: new Uint8Array(form(parts)) };
      return (await fetch(`${server.url}/trpc/publish.agent_message`, init)).status;
    };
    expect(await send(13_000)).toBe(413);
    expect(await send(1)).toBe(400);
  });

  test('control: without the limit all of its parts are created', async () => {
    const init = { method: 'POST', headers: { 'content-type': TYPE }, body: new Uint8Array(form(2000)) };
    expect((await new Request('http://localhost', init).formData()).getAll('file')).toHaveLength(2000);
  });
});
