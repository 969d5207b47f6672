import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { countryName, countryNames } from '../countries';
import { format } from '../format';
import { connection } from '../live';
import { chooseCountry, clearCountries, countries } from '../page';
import { countryCounts, totals } from '../selected';
import { Lands } from './Lands';
import { Legend } from './Legend';
import { MapTip, type Pointer } from './MapTip';
import { countryAt, pointerAt, step } from './pointing';
import { useStage } from './use-stage';
import { DIRECTIONS } from './walk';
import { loadWorld, type World } from './world';

export function WorldMap() {
  const [world, setWorld] = useState<World>();
  const [failed, setFailed] = useState(false);
  const load = () => {
    loadWorld().then(setWorld, (error) => {
      console.warn('headcount: load the map:', error);
      setFailed(true);
    });
  };
  useEffect(load, []);
  // A server that was away may have taken the map with it.
  useSignalEffect(() => {
    if (connection.value === 'live' && failed && !world) load();
  });
  return (
    <div class="map">
      {world && <LoadedMap world={world} />}
      {failed && !world && <p class="map-note">The map data could not be loaded.</p>}
    </div>
  );
}

function LoadedMap({ world }: { world: World }) {
  const box = useRef<HTMLDivElement>(null);
  const hovered = useSignal<Pointer | null>(null);
  /** Where the arrow keys are. */
  const cursor = useSignal('');
  const pointed = useComputed(() => hovered.value?.country ?? '');
  useStage(box, world);

  const onPointerMove = (event: PointerEvent) => {
    const frame = box.current?.getBoundingClientRect();
    const country = countryAt(event);
    if (!frame || !country) hovered.value = null;
    else hovered.value = { country, x: event.clientX - frame.left, y: event.clientY - frame.top };
  };
  const onClick = (event: MouseEvent) => {
    const country = countryAt(event);
    if (country) chooseCountry(country, event.shiftKey);
    else clearCountries();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = DIRECTIONS[event.key];
    if (direction) {
      cursor.value = step(world, cursor.peek() || (countries.peek()[0] ?? ''), direction);
      hovered.value = pointerAt(box.current, world, cursor.peek());
    } else if ((event.key === 'Enter' || event.key === ' ') && cursor.peek())
      chooseCountry(cursor.peek(), event.shiftKey);
    else return;
    event.preventDefault();
  };

  return (
    <div class="map-stage" ref={box}>
      <svg
        viewBox={`0 0 ${world.width} ${world.height}`}
        id="map"
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: role application is interactive, and this is its one tab stop
        tabIndex={0}
        aria-label="World map of RSVPs by country"
        aria-roledescription="map"
        aria-describedby="map-help"
        onPointerMove={onPointerMove}
        onPointerLeave={() => {
          hovered.value = null;
        }}
        onClick={onClick}
        onKeyDown={onKeyDown}
        onBlur={() => {
          cursor.value = '';
          hovered.value = null;
        }}
      >
        <g class="camera">
          <Lands world={world} pointed={pointed.value} />
        </g>
      </svg>
      <canvas class="map-dots" />
      <canvas class="map-pulses" />
      <p id="map-help" class="unseen">
        The arrow keys move between countries, Enter filters by one, Escape clears. The Countries table holds
        the same figures.
      </p>
      <p class="unseen" aria-live="polite">
        {cursor.value && `${countryName(cursor.value)}, ${rsvpsOf(cursor.value)}`}
      </p>
      <MapTip pointer={hovered.value} frame={box.current} />
      <EmptyNote />
      <Legend counts={countryCounts.value} of="RSVPs" />
    </div>
  );
}

function EmptyNote() {
  if (countries.value.length === 0 || totals.value?.rsvps !== 0) return null;
  return (
    <p class="map-note">
      No RSVPs from {countryNames(countries.value)} yet. New ones will appear here as they come.
    </p>
  );
}

function rsvpsOf(code: string): string {
  return `${format.full(countryCounts.peek().get(code) ?? 0)} RSVPs`;
}
