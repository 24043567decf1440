import { wordsOf } from '../../failures/http-status.ts';
import { parseMessage } from './messages.ts';

/** Listens for the error that a server sends before it closes a socket that it does not let in. @returns its words, empty until then */
export function refusalWords(socket: WebSocket): () => string {
  let words = '';
  const listen = ({ data }: MessageEvent): void => {
    if (data === 'PONG') socket.removeEventListener('message', listen);
    else words ||= wordsOf(parseMessage(data));
  };
  socket.addEventListener('message', listen);
  return () => words;
}
