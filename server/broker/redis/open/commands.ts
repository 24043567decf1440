import type { Redis, Result } from 'ioredis';
import { BEGIN, SETTLE } from './change-scripts.ts';
import { FIND, LOOK, READ_SET } from './read-scripts.ts';
import { ANNOUNCE, APPEND, FORGET, REPLACE, TOUCH } from './update-scripts.ts';

/** Scripts of open sets, by the names of their commands. */
const SCRIPTS = {
  psycheBegin: BEGIN,
  psycheAppend: APPEND,
  psycheReplace: REPLACE,
  psycheTouch: TOUCH,
  psycheSettle: SETTLE,
  psycheForget: FORGET,
  psycheAnnounce: ANNOUNCE,
  psycheFind: FIND,
  psycheReadSet: READ_SET,
  psycheLook: LOOK,
};

export type OpenCommand = keyof typeof SCRIPTS;

type ScriptArgs = (string | number | string[])[];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    psycheBegin(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheAppend(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheReplace(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheTouch(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheSettle(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheForget(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheAnnounce(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheFind(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheReadSet(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
    psycheLook(...keysAndArgs: ScriptArgs): Result<unknown, Context>;
  }
}

/** Makes the commands known to a connection. */
export function defineOpenCommands(redis: Redis): void {
  for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { lua });
}
