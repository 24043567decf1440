/** A client in a page as a process: passes lines on, from the runner to page-clients.ts and back, until its input ends. */
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

const lines = new WebSocket(String(process.argv[2]));
lines.on('message', (line) => process.stdout.write(`${line}\n`));
lines.on('close', () => process.exit(0));
createInterface({ input: process.stdin })
  .on('line', (line) => lines.send(line))
  .on('close', () => lines.close());
