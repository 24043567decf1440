import * as z from 'zod';

/** Schemas of an agent's name or id, and of its words. */
export const name = z.string().max(128);
export const text = z.string().max(32 * 1024);
