/** One line of input. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

/** Lines of a stream, those that arrived together in one array; empty ones are left out. */
export async function* readLines(input: AsyncIterable<string>): AsyncGenerator<Line[], void, undefined> {
  let number = 0;
  let rest = '';
  const take = (texts: string[]): Line[] =>
    texts.map((text) => ({ number: ++number, text })).filter(({ text }) => text.trim() !== '');
  for await (const chunk of input) {
    const texts = (rest + chunk).split('\n');
    rest = texts.pop() ?? '';
    yield take(texts);
  }
  yield take([rest]);
}
