// Bundlers put the value in its place; in a browser without one there is no such name.
declare const process: { env: { NODE_ENV?: string } };

/** Says something to whoever develops an application; in production nothing. */
export function warnDeveloper(message: string): void {
  let isProduction = true;
  try {
    isProduction = process.env.NODE_ENV === 'production';
  } catch {
    // No bundler, no word.
  }
  if (!isProduction) console.warn(`psyche-events: ${message}`);
}
