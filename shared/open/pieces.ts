/** Longest piece of text that is sent at once, in UTF-16 code units: with its call it fits a message of a WebSocket. */
const MAX_PIECE = 16 * 1024;

/** Length of the piece of a text that is sent first. */
export function firstPiece(text: string): number {
  if (text.length <= MAX_PIECE) return text.length;
  return isHighSurrogate(text, MAX_PIECE - 1) ? MAX_PIECE - 1 : MAX_PIECE;
}

/** Tells if the first half of a surrogate pair is at a place of a text. */
export function isHighSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

/** A text in which each half of a surrogate pair that has no other half is a replacement character. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Cs}/gu, '\ufffd');
}
