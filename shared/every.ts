import * as z from 'zod';

/** Longest interval of a throttled subscription: an hour. */
const MAX_EVERY_MS = 3_600_000;

/**
 * Ms of a throttled subscription: in each such interval one delivery, of the latest event of each type; what was left
 * out is announced as `conflated`.
 */
export const everySchema = z.int().min(1).max(MAX_EVERY_MS);

/** The field that tells what events are the latest of; its name is checked against the catalog. */
export const latestBySchema = z.string().min(1).max(200);
