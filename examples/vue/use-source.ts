import type { Source } from 'psyche-events/store';
import { type MaybeRefOrGetter, type ShallowRef, shallowRef, toValue, watchEffect } from 'vue';

/**
 * A source's value in a component, which follows it from mount to unmount. A server renders the value at the beginning, and
 * follows nothing. @param source a getter, where it is another one at times
 */
export function useSource<S>(source: MaybeRefOrGetter<Source<S>>): Readonly<ShallowRef<S>> {
  const value = shallowRef(toValue(source).initial);
  watchEffect(
    (onCleanup) => {
      const { subscribe, getSnapshot } = toValue(source);
      const show = () => {
        value.value = getSnapshot();
      };
      onCleanup(subscribe(show));
      show();
    },
    { flush: 'post' }, // after the mount, which a server never comes to
  );
  return value;
}
