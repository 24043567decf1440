import { useMemo, useSyncExternalStore } from 'react';
import { type Filters, readFilters, writeFilters } from '../model/filters.ts';

/** The page's state is in its address: it can be kept, sent, and gone back to. */

const listeners = new Set<() => void>();
let params = new URLSearchParams(globalThis.location?.search);

function onPopState(): void {
  params = new URLSearchParams(location.search);
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) addEventListener('popstate', onPopState);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) removeEventListener('popstate', onPopState);
  };
}

/** The address's parameters as they are now. */
export function urlParams(): URLSearchParams {
  return params;
}

/** Sets parameters of the address; null takes one out. */
export function setUrlParams(changes: Readonly<Record<string, string | null>>): void {
  const next = new URLSearchParams(params);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) next.delete(key);
    else next.set(key, value);
  }
  if (next.toString() === params.toString()) return;
  params = next;
  // Cursors and lists stay readable: neither character means anything in a query.
  const query = next.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
  try {
    history.replaceState(null, '', query ? `?${query}` : location.pathname);
  } catch {
    // Browsers limit how often the address may change; the next change brings this one with it.
  }
  for (const listener of [...listeners]) listener();
}

/** Reads the address's parameters with `read`, anew when they change. @param read always the same function */
function useUrlParams<T>(read: (params: URLSearchParams) => T): T {
  const current = useSyncExternalStore(subscribe, urlParams, urlParams);
  return useMemo(() => read(current), [read, current]);
}

/** The topic that the page shows, `?topic=`; undefined: the default one. */
export function useTopic(): string | undefined {
  return useUrlParams(readTopic);
}

function readTopic(params: URLSearchParams): string | undefined {
  return params.get('topic') || undefined;
}

/** The filters of the conversation, kept in the address. */
export function useFilters(): Filters {
  return useUrlParams(readFilters);
}

/** Changes some of the filters. */
export function setFilters(change: (filters: Filters) => Partial<Filters>): void {
  const filters = readFilters(urlParams());
  setUrlParams(writeFilters({ ...filters, ...change(filters) }));
}

export function clearFilters(): void {
  setFilters(() => ({ agents: [], types: [], sentiment: null, text: '', field: null }));
}
