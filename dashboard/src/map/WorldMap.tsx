import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { countryName, countryNames } from '../countries';
import { format } from '../format';
import { chooseCountry, clearCountries, countries } from '../page';
import { countryCounts, dots, totals } from '../selected';
import { shade } from '../theme';
import { Lands } from './Lands';
import { Legend } from './Legend';
import { MapTip, type Pointer } from './MapTip';
import { pulsesAdded } from './pulses';
import { Stage } from './stage';
import { DIRECTIONS, type Direction, nextPlace } from './walk';
import { loadWorld, type World } from './world';

export function WorldMap() {
  const [world, setWorld] = useState<World>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    loadWorld().then(setWorld, (error) => {
      console.warn('headcount: load the map:', error);
      setFailed(true);
    });
  }, []);
  return (
    <div class="map">
      {world && <LoadedMap world={world} />}
      {failed && <p class="map-note">The map data could not be loaded.</p>}
    </div>
  );
}

function LoadedMap({ world }: { world: World }) {
  const box = useRef<HTMLDivElement>(null);
  const hovered = useSignal<Pointer | null>(null);
  /** Where the arrow keys are. */
  const cursor = useSignal('');
  const pointed = useComputed(() => cursor.value || hovered.value?.country || '');
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
    if (direction) cursor.value = step(world, cursor.peek() || (countries.peek()[0] ?? ''), direction);
    else if ((event.key === 'Enter' || event.key === ' ') && cursor.peek())
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
      <Legend />
    </div>
  );
}

/** Keeps the camera and the canvases in step with what was chosen, what arrives and how it looks. */
function useStage(box: { current: HTMLDivElement | null }, world: World): void {
  const stage = useSignal<Stage | null>(null);
  useEffect(() => {
    const frame = box.current;
    const find = <T extends Element>(selector: string) => frame?.querySelector<T>(selector);
    const land = find<SVGGElement>('.camera');
    const dotCanvas = find<HTMLCanvasElement>('.map-dots');
    const pulseCanvas = find<HTMLCanvasElement>('.map-pulses');
    if (!frame || !land || !dotCanvas || !pulseCanvas) return;
    const made = new Stage({ box: frame, land, dots: dotCanvas, pulses: pulseCanvas }, world);
    stage.value = made;
    const resizing = new ResizeObserver(() => made.resize());
    resizing.observe(frame);
    return () => {
      resizing.disconnect();
      made.stop();
    };
  }, [box, world, stage]);
  useSignalEffect(() => stage.value?.setDots(dots.value ?? []));
  useSignalEffect(() => {
    const chosen = countries.value;
    const boxes = world.countries.filter(({ code }) => chosen.includes(code)).map((country) => country.box);
    stage.value?.look(chosen, boxes);
  });
  useSignalEffect(() => {
    if (pulsesAdded.value > 0) stage.value?.pulse();
  });
  useSignalEffect(() => {
    if (shade.value) stage.value?.readColours();
  });
}

function EmptyNote() {
  if (countries.value.length === 0 || totals.value?.rsvps !== 0) return null;
  return (
    <p class="map-note">
      No RSVPs from {countryNames(countries.value)} yet. New ones will appear here as they come.
    </p>
  );
}

/** The next country with figures in a direction; the one with most to begin with. */
function step(world: World, from: string, direction: Direction): string {
  const counts = countryCounts.peek();
  const counted = world.countries.filter(({ code }) => counts.has(code));
  const here = world.countries.find(({ code }) => code !== '' && code === from);
  if (here) return nextPlace(counted, here, direction)?.code ?? from;
  const byCount = counted.toSorted(
    (one, other) => (counts.get(other.code) ?? 0) - (counts.get(one.code) ?? 0),
  );
  return byCount[0]?.code ?? '';
}

function rsvpsOf(code: string): string {
  return `${format.full(countryCounts.peek().get(code) ?? 0)} RSVPs`;
}

function countryAt(event: Event): string {
  return (event.target as SVGElement).dataset?.country ?? '';
}
