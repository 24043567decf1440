#!/usr/bin/env node
import { endWithReader, fail } from './output.ts';
import { createProgram } from './program.ts';

endWithReader();
createProgram().parseAsync().catch(fail);
