import { decode } from '../../shared/wire/decode.ts';
import type { Encoded } from '../../shared/wire/format.ts';
import { INPUT_LIMITS } from '../../shared/wire/limits.ts';

/** As it comes out of a socket. */
export function overTheWire(encoded: object): Encoded {
  return JSON.parse(JSON.stringify(encoded));
}

export function read(encoded: object): unknown {
  return decode(overTheWire(encoded), { limits: INPUT_LIMITS });
}
