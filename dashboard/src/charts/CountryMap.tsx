import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { countryName } from '../countries';
import { codeOf, landOf, Outlines } from '../map/Lands';
import { Legend } from '../map/Legend';
import { countryAt } from '../map/pointing';
import { rangeOf, stepOf } from '../map/scale';
import { loadWorld, type World } from '../map/world';
import { figureOf } from './figures';
import type { Choice, Place } from './series';

interface MapParts {
  counts: ReadonlyMap<string, number>;
  places: readonly Place[];
  /** What the shades count. */
  of: string;
  label: string;
  /** By country; the rows beside the map do the same by keyboard. */
  choice?: Choice;
}

/** More would hide each other. */
const PLACES_MAX = 5_000;

/** An answer on the map of the live page: shades by country, or a dot for each place. */
export function CountryMap(parts: MapParts) {
  const [world, setWorld] = useState<World | 'lost'>();
  useEffect(() => {
    loadWorld().then(setWorld, () => setWorld('lost'));
  }, []);
  if (world === 'lost') return <p class="nothing">The map data could not be loaded.</p>;
  return (
    <div class={parts.choice ? 'country-map can-choose' : 'country-map'}>
      {world && <Drawn world={world} {...parts} />}
    </div>
  );
}

function Drawn({ world, counts, places, of, label, choice }: MapParts & { world: World }) {
  const root = useRef<SVGGElement>(null);
  const [told, setTold] = useState('');
  const chosen = choice?.chosen;
  useLayoutEffect(() => {
    const range = rangeOf(counts.values());
    for (const land of landOf(root.current))
      land.dataset.step = String(stepOf(counts.get(codeOf(land)) ?? 0, range));
    root.current?.classList.toggle('has-chosen', chosen !== undefined && chosen.length > 0);
    for (const land of landOf(root.current))
      land.classList.toggle('is-chosen', chosen?.includes(codeOf(land)) ?? false);
  }, [counts, chosen]);
  const onPointerMove = (event: PointerEvent) => {
    const code = countryAt(event);
    setTold(code && `${countryName(code)}: ${figureOf(counts.get(code) ?? 0)}`);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the rows beside the map do the same by keyboard */}
      <svg
        viewBox={`0 0 ${world.width} ${world.height}`}
        role="img"
        aria-label={label}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setTold('')}
        onClick={(event) => countryAt(event) && choice?.onChoose(countryAt(event), event.shiftKey)}
      >
        <g ref={root}>
          <Outlines world={world} />
        </g>
        {places.slice(0, PLACES_MAX).map(([longitude, latitude, title], index) => {
          const point = world.project(longitude, latitude);
          return (
            point && (
              <circle key={index} class="place" cx={point[0]} cy={point[1]} r={2.2}>
                <title>{title}</title>
              </circle>
            )
          );
        })}
      </svg>
      <p class="reading" aria-hidden="true">
        {told}
      </p>
      <Legend counts={counts} of={of} />
    </>
  );
}
