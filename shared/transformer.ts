import superjson from 'superjson';

/**
 * The one transformer of the project: superjson's default instance, so that a stock tRPC client configured
 * with `transformer: superjson` speaks the same format, custom classes registered on it included.
 */
export const transformer = superjson;
