import type { Source } from 'psyche-events/store';
import { createSubscriber } from 'svelte/reactivity';

/**
 * A source's value as `current`: whoever reads it in a component or an effect follows the source for as long as that lives. On a
 * server it is the value at the beginning, and nothing is followed.
 */
export function fromSource<S>({ subscribe, getSnapshot }: Source<S>): { readonly current: S } {
  const follow = createSubscriber(subscribe);
  return {
    get current() {
      follow();
      return getSnapshot();
    },
  };
}
