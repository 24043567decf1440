#!/usr/bin/env node
import { fail } from './fail.ts';
import { endWithReader } from './output.ts';
import { createProgram } from './program.ts';

endWithReader();
createProgram().parseAsync().catch(fail);
