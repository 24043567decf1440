#!/usr/bin/env node
import { endWithReader, fail } from './ending.ts';
import { createProgram } from './program.ts';
import { Surroundings } from './surroundings.ts';

endWithReader();
const around = new Surroundings();
createProgram(around)
  .parseAsync()
  .then(() => {
    process.exitCode = around.exitCode;
  }, fail);
