import { useEffect, useRef } from 'preact/hooks';
import { chosen } from './state';

/** What was chosen on the map is brought into view in its list, which may scroll; the page does not. */
export function useSeen() {
  const list = useRef<HTMLOListElement>(null);
  const id = chosen.value;
  useEffect(() => {
    const row = list.current?.querySelector<HTMLElement>('[aria-pressed="true"]');
    const frame = list.current?.parentElement;
    if (!row || !frame || frame.scrollHeight <= frame.clientHeight) return;
    const [seen, whole] = [row.getBoundingClientRect(), frame.getBoundingClientRect()];
    if (seen.top < whole.top) frame.scrollTop -= whole.top - seen.top;
    else if (seen.bottom > whole.bottom) frame.scrollTop += seen.bottom - whole.bottom;
  }, [id]);
  return list;
}
