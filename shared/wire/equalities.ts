import type { AnnotationReader } from './annotations.ts';
import { isRecord } from './shapes.ts';

/**
 * Looks whether each place of an object that occurs several times holds it. Its places are not made one again: what
 * is shared could make a small input a large one, and stock clients write the value at each place.
 * @throws EventsError where a place is empty: it was left out, or the object contains itself
 */
export function refuseEmptyPlaces(reader: AnnotationReader, equalities: unknown): void {
  const [roots, others] = Array.isArray(equalities) ? equalities : [[], equalities];
  refuseEmpty(reader, [], roots);
  if (others === undefined) return;
  if (!isRecord(others)) throw noPaths(reader);
  for (const [path, places] of Object.entries(others)) refuseEmpty(reader, reader.split(path), places);
}

function refuseEmpty(reader: AnnotationReader, keys: readonly string[], places: unknown): void {
  if (!Array.isArray(places)) throw noPaths(reader);
  const isNull = reader.at(keys) === null;
  for (const place of places) {
    if (typeof place !== 'string') throw noPaths(reader);
    const path = reader.split(place);
    if (reader.at(path) !== null || isNull) continue;
    throw reader.invalid(
      'stands for an object that is elsewhere: send the value at each place (no `dedupe`), and nothing that contains itself',
      path,
    );
  }
}

function noPaths(reader: AnnotationReader) {
  return reader.invalid('meta.referentialEqualities must be lists of paths');
}
