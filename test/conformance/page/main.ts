/** Our client under the harness, in a page: its lines go over a WebSocket to the origin, and from there to the runner. */
import { drive } from '../adapter.ts';
import { ourSubject, toOptions } from '../our-subject.ts';

const asked = new URLSearchParams(location.search);
const lines = new WebSocket(`ws://${location.host}/?page=${asked.get('page')}`);
await new Promise((resolve) => lines.addEventListener('open', resolve));
// No line of the protocol: the runner takes it for the end of the client, and quotes it.
const complain = (what: unknown): void => lines.send(`The page failed: ${String(what)}`);
addEventListener('error', ({ message }) => complain(message));
addEventListener('unhandledrejection', ({ reason }) => complain(reason));

const take = drive(ourSubject(toOptions(asked.getAll('word'))), (line) => lines.send(line), {
  origin: location.origin,
});
lines.addEventListener('message', ({ data }) => take(String(data)));
