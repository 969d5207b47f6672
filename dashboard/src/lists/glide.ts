import { useLayoutEffect, useRef } from 'preact/hooks';

const GLIDE_MS = 320;
const EASING = 'cubic-bezier(.2,.8,.2,1)';

/** Lets the children with a `data-key` glide to their new places when the order of keys changes. */
export function useGlide<T extends HTMLElement>(keys: readonly string[]) {
  const list = useRef<T>(null);
  const places = useRef(new Map<string, number>());
  useLayoutEffect(() => {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const next = new Map<string, number>();
    for (const row of list.current?.querySelectorAll<HTMLElement>('[data-key]') ?? []) {
      const key = row.dataset.key ?? '';
      const before = places.current.get(key);
      const now = row.offsetTop;
      next.set(key, now);
      if (!isCalm && before !== undefined && before !== now) glide(row, before - now);
    }
    places.current = next;
  }, [keys.join()]);
  return list;
}

function glide(row: HTMLElement, from: number): void {
  row.animate([{ transform: `translateY(${from}px)` }, { transform: 'none' }], {
    duration: GLIDE_MS,
    easing: EASING,
  });
}
