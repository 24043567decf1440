import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { scriptedResponder } from '../../simulation/agent/scripted-responder.ts';
import { responderFromEnv } from '../../simulation/llm/responder-from-env.ts';

describe('responderFromEnv', () => {
  test('returns the scripted conversation without LLM_BASE_URL', async () => {
    expect(await responderFromEnv({})).toBe(scriptedResponder);
    expect(await responderFromEnv({ LLM_BASE_URL: '', LLM_MODEL: 'tiny' })).toBe(scriptedResponder);
  });

  test('says what to install without the optional packages', async () => {
    const hooks = new URL('fixtures/without-ai-sdk.mjs', import.meta.url).pathname;
    const module = new URL('../../simulation/llm/responder-from-env.ts', import.meta.url).pathname;
    const script = `
      const { responderFromEnv } = await import(${JSON.stringify(module)});
      await responderFromEnv({});
      await responderFromEnv({ LLM_BASE_URL: 'http://127.0.0.1:9/v1', LLM_MODEL: 'tiny' }).catch(
        ({ name, code, message }) => console.log(JSON.stringify({ name, code, message })),
      );`;
    const args = ['--import', 'tsx', '--import', hooks, '--input-type=module', '--eval', script];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(JSON.parse(stdout)).toEqual({
      name: 'EventsError',
      code: 'INVALID_OPTION',
      message: expect.stringMatching(
        /npm install ai @ai-sdk\/openai-compatible, or on Node 20: npm install ai@6 @ai-sdk\/openai-compatible@2$/,
      ),
    });
  });

  test('refuses an unnamed model at once', async () => {
    await expect(responderFromEnv({ LLM_BASE_URL: 'http://127.0.0.1:9/v1' })).rejects.toThrow('LLM_MODEL');
  });

  test.each(['nonsense', 'localhost:11434/v1', 'ftp://127.0.0.1/v1'])(
    'refuses the address %s at once, by the name of its variable',
    async (LLM_BASE_URL) => {
      await expect(responderFromEnv({ LLM_BASE_URL, LLM_MODEL: 'tiny' })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining('LLM_BASE_URL'),
      });
    },
  );
});
