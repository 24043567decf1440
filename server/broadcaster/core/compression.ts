/**
 * `perMessageDeflate` for the `WebSocketServer`: compression that costs once per event and not once per client.
 * Without context takeover everyone can be sent the same compressed bytes, and nobody needs a compressor of their own.
 * Compressed messages of clients are inflated up to `maxPayload`; replies to single clients go uncompressed.
 */
export const COMPRESSION = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  /** The shared bytes refer back as far as they like, so an offer of a smaller window is declined. */
  serverMaxWindowBits: 15,
  /** Nothing is compressed by `ws` itself: the broadcaster hands over frames that are built already. */
  threshold: Number.POSITIVE_INFINITY,
} as const;
