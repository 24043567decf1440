import { type Told, Writers, type WritersOptions } from './writers.ts';

/** Writers in a process of their own; its argument is a `WritersOptions` as JSON. What it tells, all the time. */
export interface WriterNews {
  /** Ends since the news before. */
  told: readonly Told[];
  pieces: number;
  resumed: number;
  lost: number;
  errors: readonly string[];
  /** True once it was asked to stop, and has settled all. */
  isDone: boolean;
}

const EVERY_MS = 20;

const writers = new Writers(JSON.parse(process.argv[2] ?? '') as WritersOptions);
let isDone = false;
let known = 0;
setInterval(() => {
  const { told, pieces, resumed, lost, errors } = writers;
  process.send?.({ told: told.slice(known), pieces, resumed, lost, errors, isDone } satisfies WriterNews);
  known = told.length;
}, EVERY_MS);

process.on('unhandledRejection', (error) => writers.errors.push(`nobody handled ${error}`));
process.on('message', () => {
  void writers.stop().then(() => {
    isDone = true;
  });
});
process.on('disconnect', () => process.exit()); // its test is over, however it ended
