import { useEffect, useRef, useState } from 'preact/hooks';

/** Where lists are as long as they like; the same bound as in the style sheet. */
const UNBOUNDED = '(max-width: 720px)';
const ROWS_MIN = 3;

export interface RowHeights {
  row: number;
  /** Of what stands above the rows. */
  head?: number;
  /** How many to show where there is no height to fit into. */
  unbounded: number;
}

/** How many whole rows fit into the element, so that none is cut in half. */
export function useFit({ row, head = 0, unbounded }: RowHeights) {
  const box = useRef<HTMLDivElement>(null);
  const [count, setCount] = useState(unbounded);
  useEffect(() => {
    const measure = () => {
      const height = box.current?.clientHeight ?? 0;
      const fitting = Math.max(ROWS_MIN, Math.floor((height - head) / row));
      setCount(matchMedia(UNBOUNDED).matches ? unbounded : fitting);
    };
    const resizing = new ResizeObserver(measure);
    if (box.current) resizing.observe(box.current);
    return () => resizing.disconnect();
  }, [row, head, unbounded]);
  return { box, count };
}
