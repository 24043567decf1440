/** The form in which one subscriber gets its events. Equal styles are one object, and get equal bytes. */
export interface FrameStyle {
  /** The bodies of events, framed for the transport: what one subscriber gets in one write. */
  frame(bodies: readonly Buffer[]): Buffer;
}
