import { endOfString } from '../../../shared/wire/json-text.ts';

/**
 * Bytes of the largest call in a message of JSON: of the whole, or of the largest item if it is a list. Found by going
 * over the text once, before it is parsed. Of a text that is no JSON it is the largest part between the places that
 * would end one.
 */
export function largestCall(text: string): number {
  if (!text.trimStart().startsWith('[')) return Buffer.byteLength(text);
  let largest = 0;
  let start = text.indexOf('[') + 1;
  let depth = 1;
  const end = (at: number): void => {
    const mayBe = (at - start) * 3 > largest; // a character has three bytes at most
    if (mayBe) largest = Math.max(largest, Buffer.byteLength(text.slice(start, at)));
    start = at + 1;
  };
  for (let at = start; at < text.length && depth > 0; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (--depth === 0) end(at);
        break;
      case 0x2c: // ,
        if (depth === 1) end(at);
        break;
    }
  }
  end(text.length);
  return largest;
}
