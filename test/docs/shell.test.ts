import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig, SERVER_VARIABLES } from '../../server/index.ts';
import { RESPONDER_VARIABLES, simulationEvents } from '../../simulation/index.ts';
import { httpClient, startTestServer } from '../app/harness.ts';
import type { Result } from '../cli/command.ts';
import { CommandHere } from '../cli/here.ts';
import { agentMessage } from '../support/events.ts';
import { ROOT, snippets } from './snippets.ts';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** Tools that the documents mention and that no test here starts. */
const ELSEWHERE = /^(cd|mkdir|deno|docker|kubectl|helm|redis-\w+|git)\b/;
const hasCurl = spawnSync('curl', ['--version']).status === 0;

const commands = snippets('sh').flatMap(({ place, code }) =>
  linesOf(code)
    .flatMap((line) => (line.includes("'") ? [line] : line.split('&&')))
    .map((command) => ({ place, command: command.trim() }))
    .filter(({ command }) => command !== ''),
);

/** Lines of a script, without comments; one that opens a quotation goes on until it is closed. */
function linesOf(code: string): string[] {
  const plain = code.replace(/'[^']*'|(?:^|[ \t]+)#.*$|\\\n\s*/gm, (part) =>
    part.startsWith("'") ? part : '',
  );
  return plain.match(/(?:'[^']*'|[^'\n])+/g) ?? [];
}

/** `A=1 B=2 npm start` → its variables, and what they are for. */
function withVariables(command: string): { env: Record<string, string>; rest: string } {
  const [before = ''] = /^([A-Z_]+=\S*\s+)*/.exec(command) ?? [];
  const env = Object.fromEntries(before.split(/\s+/).flatMap((pair) => (pair ? [pair.split(/=(.*)/)] : [])));
  return { env, rest: command.slice(before.length) };
}

let server: Awaited<ReturnType<typeof startTestServer<typeof simulationEvents>>>;
let directory: string;
beforeAll(async () => {
  server = await startTestServer({}, { catalog: simulationEvents });
  directory = mkdtempSync(join(tmpdir(), 'psyche-docs-'));
  writeFileSync(join(directory, 'messages.jsonl'), `${JSON.stringify(agentMessage('From a file.'))}\n`);
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await server.close();
});

const isEndless = (line: string) => /^tail\b|\/trpc\/on\./.test(line);

/** Runs a line against the test's server. One that follows for ever gets something to print, and is ended then. */
async function run(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn('sh', ['-c', `exec ${line}`], { cwd: directory });
  const output = { stdout: '', stderr: '' };
  const endless = isEndless(line);
  const { publish } = httpClient(server.url);
  const publishing = setInterval(() => {
    if (endless) publish.agent_message.mutate({ data: agentMessage('Something.') }).catch(() => {}); // the last one comes late
  }, 100);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (endless && output.stdout === '') child.kill('SIGINT');
    output.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output.stderr += chunk;
  });
  const [code] = await once(child, 'close');
  clearInterval(publishing);
  return { code, ...output };
}

/** A command's words, as a shell makes them, and the file that its output goes to. Names of files are those of the directory. */
function wordsOf(line: string): { words: string[]; into: string | undefined; from: string | undefined } {
  const { 1: command = '', 2: way, 3: file = '' } = /^(.*?)(?: ([<>]) (\S+))?$/.exec(line) ?? [];
  const printed = spawnSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' }).stdout;
  const path = (word: string) => join(directory, word);
  return {
    words: printed
      .split('\0')
      .slice(0, -1)
      .map((word) => (/\.jsonl$/.test(word) ? path(word) : word)),
    into: way === '>' ? path(file) : undefined,
    from: way === '<' ? path(file) : undefined,
  };
}

/** Runs a command of ours against the test's server, in this process. As {@link run} does, it ends one that follows. */
async function runOurs(line: string): Promise<Result> {
  const { words, into, from } = wordsOf(line);
  await using command = new CommandHere([...words, '--url', server.url], from && readFileSync(from, 'utf8'));
  if (isEndless(line)) {
    const { publish } = httpClient(server.url);
    await expect
      .poll(async () => {
        await publish.agent_message.mutate({ data: agentMessage('Something.') });
        return command.stdout;
      })
      .not.toBe('');
    command.interrupt();
  }
  const result = await command.exit();
  if (into) writeFileSync(into, result.stdout);
  return result;
}

test('the documents show commands', () => expect(commands.length).toBeGreaterThan(15));

const isCurl = ({ command }: { command: string }) => command.startsWith('curl ');

test.each(commands.filter((line) => !isCurl(line)))('$place: $command works', async ({ command }) => {
  const { env, rest } = withVariables(command);
  if (Object.keys(env).length > 0) {
    // Each variable is known, and its value is allowed.
    expect([...SERVER_VARIABLES, ...RESPONDER_VARIABLES, 'PSYCHE_TOKEN']).toEqual(
      expect.arrayContaining(Object.keys(env)),
    );
    loadConfig({}, env);
  }
  const [, , script, file] =
    /^(npm (?:run )?([\w:]+)|(?:npx tsx|npx vite|python3) (examples\S+))/.exec(rest) ?? [];
  if (script !== undefined)
    return expect({ ci: '', init: '', install: '', pack: '', ...scripts }).toHaveProperty([script]);
  if (file !== undefined) return expect(existsSync(join(ROOT, file))).toBe(true);
  const [, made] = /^node \.\.\/psyche-events\/(create\/main\.mjs .*) --from \S+$/.exec(rest) ?? [];
  if (made !== undefined) {
    expect(await run(`'${process.execPath}' '${ROOT}'/${made}`)).toMatchObject({ code: 0, stderr: '' });
    return rmSync(join(directory, 'my-app'), { recursive: true });
  }
  if (ELSEWHERE.test(rest)) return;
  const [, ours, subcommand] = /^(?:npx )?psyche-events ((\w+).*)$/.exec(rest) ?? [];
  if (subcommand === 'serve') return;
  if (ours === undefined) throw new Error('no test knows what this is');
  // They measure, and have tests of their own.
  const line = ['verify', 'conformance'].includes(subcommand ?? '') ? `${ours} --help` : ours;
  expect(await runOurs(line.replace(/ \| jq\b.*$/, ''))).toMatchObject({ code: 0, stderr: '' });
});

test.skipIf(!hasCurl).each(commands.filter(isCurl))(
  '$place: $command works (where there is curl)',
  async ({ command }) => {
    const line = command.replaceAll('http://127.0.0.1:3000', server.url);
    const { code, stdout } = await run(line.replace(/^curl /, 'curl --fail-with-body '));
    if (isEndless(line)) expect(stdout).toContain('event: ');
    else expect(code, stdout).toBe(0);
  },
);
