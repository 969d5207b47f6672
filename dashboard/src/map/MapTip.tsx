import { useLayoutEffect, useRef } from 'preact/hooks';
import { countryName } from '../countries';
import { format, ratio } from '../format';
import { countryCounts } from '../selected';

export interface Pointer {
  country: string;
  /** In pixels from the corner of the map. */
  x: number;
  y: number;
}

const GAP_PX = 14;

/** Follows the pointer over the map, and never leaves the map. */
export function MapTip({ pointer, frame }: { pointer: Pointer | null; frame: HTMLElement | null }) {
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!tip.current || !pointer || !frame) return;
    const { offsetWidth: width, offsetHeight: height } = tip.current;
    const x = Math.max(0, Math.min(pointer.x + GAP_PX, frame.clientWidth - width - 4));
    const above = pointer.y - height - GAP_PX;
    const y = above >= 4 ? above : pointer.y + GAP_PX;
    tip.current.style.transform = `translate(${x}px, ${y}px)`;
  });
  if (!pointer) return null;
  const counts = countryCounts.value;
  const rsvps = counts.get(pointer.country) ?? 0;
  const world = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return (
    <div ref={tip} class="map-tip" aria-hidden="true">
      <b>{countryName(pointer.country)}</b>
      <span>
        {format.full(rsvps)} RSVPs <i>{format.share(ratio(rsvps, world))}</i>
      </span>
    </div>
  );
}
