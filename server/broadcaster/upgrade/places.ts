import type { Server } from 'node:http';

/** The place of one Broadcaster among those of its server. */
export interface Place {
  /** The path that it upgrades. */
  readonly path: string;
  /** True if it refuses what no other Broadcaster takes, whoever else listens. */
  readonly isAlone: boolean;
  /** True once it takes nobody any more: its path may be given to another. */
  isClosing: boolean;
}

/** The places of each server's Broadcasters, in the order they came. */
const placesOf = new WeakMap<Server, Set<Place>>();

/**
 * Gives a Broadcaster its place on a server.
 * @returns gives the place back
 * @throws TypeError when another one serves the path
 */
export function takePlace(server: Server, place: Place): () => void {
  const places = placesOf.get(server) ?? new Set();
  for (const { path, isClosing } of places) {
    if (path === place.path && !isClosing) {
      throw new TypeError(`path: another Broadcaster of this server serves ${path}; give each its own`);
    }
  }
  placesOf.set(server, places.add(place));
  return () => void places.delete(place);
}

/**
 * Tells if an upgrade of a path is this Broadcaster's to take or to refuse. A path that none of them serves is refused by
 * one of them, unless somebody else listens for upgrades too: Node tells nobody that a request was left by all.
 */
export function isAnsweredBy(place: Place, server: Server, path: string | undefined): boolean {
  const places = [...(placesOf.get(server) ?? [])];
  const others = places.length === server.listenerCount('upgrade') ? places[0] : undefined;
  const ofPath = places.filter((each) => each.path === path);
  const answerer =
    ofPath.find(({ isClosing }) => !isClosing) ??
    ofPath[0] ??
    places.find(({ isAlone }) => isAlone) ??
    others;
  return answerer === place;
}
