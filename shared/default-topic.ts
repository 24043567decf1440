/** The topic of everything that names none. */
export const DEFAULT_TOPIC = 'default';
