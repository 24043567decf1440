import { createInterface } from 'node:readline';
import { drive, type Subject } from './adapter.ts';

/** A client as a process: what the runner asks for comes in lines, until its input ends. */
export function serve(subject: Subject): void {
  const take = drive(subject, (line) => process.stdout.write(`${line}\n`));
  createInterface({ input: process.stdin })
    .on('line', take)
    .on('close', () => process.exit(0));
}
