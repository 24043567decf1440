const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds on a clock that all processes of this machine share and nobody sets. */
export function sharedNow(): number {
  return performance.now() + offset;
}
