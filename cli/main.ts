#!/usr/bin/env node
import { endWithReader, fail, failIfUnfinished } from './ending.ts';
import { createProgram } from './program.ts';
import { Surroundings } from './surroundings.ts';

endWithReader();
const around = new Surroundings();
const finished = failIfUnfinished();
createProgram(around)
  .parseAsync()
  .then(
    () => {
      finished();
      process.exitCode = around.exitCode;
    },
    (error: unknown) => fail(error, around),
  );
