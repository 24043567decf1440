import type { Step } from './script.ts';

/** Asks the stand-in at `url` for its reply, as an agent asks a provider of models. An abort ends it with an AbortError. */
export async function* ask(url: string, signal: AbortSignal): AsyncGenerator<Step, void, void> {
  const response = await fetch(url, { method: 'POST', signal });
  if (response.body === null) throw new Error('the stand-in did not answer');
  let line = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = `${line}${text}`.split('\n');
    line = lines.pop() ?? '';
    for (const whole of lines) yield JSON.parse(whole);
  }
}
