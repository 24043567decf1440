import { useUrlParams } from './url-state.ts';

/** The topic that the page shows, `?topic=`; undefined: the default one. */
export function useTopic(): string | undefined {
  return useUrlParams(readTopic);
}

function readTopic(params: URLSearchParams): string | undefined {
  return params.get('topic') || undefined;
}
