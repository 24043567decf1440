import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Output of a command, both streams together. */
export interface Printed {
  readonly output: string;
  readonly seconds: number;
}

/**
 * Runs a command to its end.
 * @throws Error with all that it printed when it fails
 */
export async function exec(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Printed> {
  const startedAt = performance.now();
  const child = spawn(command, args, { cwd, env: { ...environment(), ...env } });
  const printed = listen(child);
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}:\n${printed()}`);
  return { output: printed(), seconds: (performance.now() - startedAt) / 1000 };
}

/** Collects what a child prints, both streams together. */
export function listen({ stdout, stderr }: ChildProcessWithoutNullStreams): () => string {
  let output = '';
  for (const stream of [stdout, stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return () => output;
}

/**
 * The environment of a shell outside of this project: npm and vitest hand theirs down. Without colours, which some
 * programs print wherever `CI` is set, in the midst of an address.
 */
export function environment(): NodeJS.ProcessEnv {
  const ours =
    /^(npm_package_|npm_lifecycle_|npm_command|npm_config_(?:call|package|yes)$|INIT_CWD|VITEST|NODE_ENV$|FORCE_COLOR$|NODE_OPTIONS$|NODE_PATH$|TEST$|DEV$|PROD$|MODE$|SSR$|BASE_URL$)/;
  const others = Object.entries(process.env).filter(([name]) => !ours.test(name));
  return { ...Object.fromEntries(others), NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1' };
}
