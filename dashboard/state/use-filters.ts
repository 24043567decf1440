import { type Filters, readFilters, writeFilters } from '../model/filters.ts';
import { setUrlParams, urlParams, useUrlParams } from './url-state.ts';

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
