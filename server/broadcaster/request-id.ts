/** How a client names a request. */
export type RequestId = number | string;

/** Characters of a request id: it goes out again with every item of a subscription. */
export const MAX_ID_LENGTH = 256;
