import { EventsError } from '../../shared/index.ts';

/** One line of input. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/** The longest line, in characters: more than any server takes as one event. */
const MOST_CHARS = 4 * 1024 * 1024;

/**
 * Lines of a stream of UTF-8, those that arrived together in one array. Empty ones are left out, and so is a byte order
 * mark. Never more than one line and one chunk is held.
 *
 * @throws EventsError INVALID_EVENT when it is of another encoding, or a line is longer than 4 Mi characters
 */
export async function* readLines(input: AsyncIterable<Buffer>): AsyncGenerator<Line[], void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 0;
  let rest = '';
  const take = (texts: string[]): Line[] =>
    texts.map((text) => ({ number: ++number, text })).filter(({ text }) => text.trim() !== '');
  const decode = (bytes?: Buffer): string => {
    try {
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      throw new EventsError('INVALID_EVENT', `The input is not UTF-8, from line ${number + 1} on`);
    }
  };
  let isFirst = true;
  for await (const chunk of input) {
    if (isFirst) refuseUtf16(chunk);
    isFirst = false;
    const texts = decode(chunk).split('\n');
    texts[0] = rest + texts[0];
    rest = texts.pop() ?? '';
    if (rest.length > MOST_CHARS) throw tooLong(number + texts.length + 1);
    yield take(texts);
  }
  yield take([rest + decode()]);
}

/** PowerShell's `>` writes UTF-16: its mark, or a zero in the first character of JSON, says so. */
function refuseUtf16(start: Buffer): void {
  const [first, second] = start;
  const isUtf16 =
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    (start.length > 1 && (first === 0 || second === 0));
  if (!isUtf16) return;
  throw new EventsError(
    'INVALID_EVENT',
    'The input is UTF-16, not UTF-8. In PowerShell, write the file with: Out-File -Encoding utf8',
  );
}

function tooLong(number: number): EventsError {
  return new EventsError('INVALID_EVENT', `Line ${number} is longer than ${MOST_CHARS} characters`);
}
