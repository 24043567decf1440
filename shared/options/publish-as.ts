import type { AnyCatalog } from '../catalog.ts';
import type { EventName } from '../events.ts';

/** Versions of events' data at which publishers are held, by event; see AnyCatalog.downcast. */
export type PublishAs<C extends AnyCatalog> = { readonly [N in EventName<C>]?: number | undefined };

/**
 * The versions that are named, each checked against a catalog.
 * @param whose names the caller in errors
 * @throws TypeError for an event, or a version of one, that the catalog does not have
 */
export function checkPublishAs(
  catalog: AnyCatalog,
  publishAs: Readonly<Record<string, number | undefined>> = {},
  whose: string,
): ReadonlyMap<string, number> {
  const versions = new Map<string, number>();
  for (const [name, version] of Object.entries(publishAs)) {
    if (!catalog.has(name))
      throw new TypeError(
        `${whose}: publishAs names ${name}, which the catalog does not have; it has ${catalog.names.join(', ')}`,
      );
    if (version === undefined) continue;
    if (!catalog.schemaOf(name, version))
      throw new TypeError(
        `${whose}: publishAs asks for version ${version} of ${name}; the catalog has 1 to ${catalog.versionOf(name)}`,
      );
    versions.set(name, version);
  }
  return versions;
}
