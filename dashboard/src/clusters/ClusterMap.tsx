import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Outlines } from '../map/Lands';
import { DIRECTIONS, nextPlace } from '../map/walk';
import type { Point } from '../map/world';
import { loadWorld, type World } from '../map/world';
import { shade } from '../theme';
import { type Belonging, type Layer, nameOf } from './layers';
import { hueStyle, lookOf } from './looks';
import { SpotStage } from './spot-stage';
import { choose, chosen, pointed } from './state';

interface ClusterMapParts {
  layer: Layer;
  label: string;
}

/** The map of the live page, with spots and hulls of clusters instead of shades. */
export function ClusterMap(parts: ClusterMapParts) {
  const [world, setWorld] = useState<World | 'lost'>();
  useEffect(() => {
    loadWorld().then(setWorld, () => setWorld('lost'));
  }, []);
  if (world === 'lost') return <p class="nothing">The map data could not be loaded.</p>;
  return <div class="map cluster-map">{world && <Loaded world={world} {...parts} />}</div>;
}

interface Tip {
  of: Belonging;
  at: Point;
}

function Loaded({ world, layer, label }: ClusterMapParts & { world: World }) {
  const box = useRef<HTMLDivElement>(null);
  const tip = useSignal<Tip | null>(null);
  const stage = useStage(box, world, layer);
  const walking = useWalk(world, layer);
  const outlines = useMemo(() => <Outlines world={world} />, [world]);

  const spotAt = (event: MouseEvent): Tip | null => {
    const frame = box.current?.getBoundingClientRect();
    if (!frame) return null;
    const at: Point = [event.clientX - frame.left, event.clientY - frame.top];
    const hull = (event.target as Element).getAttribute('data-id');
    const within = layer.places.find(({ id }) => hull !== null && id === Number(hull));
    const of = stage.value?.nearest(...at) ?? within;
    return of ? { of, at } : null;
  };
  const show = (found: Tip | null) => {
    tip.value = found;
    pointed.value = found?.of.id ?? null;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = DIRECTIONS[event.key];
    const place = direction ? walking.walk(direction) : walking.place();
    const at = place && stage.value?.seenAt(place);
    if (direction) show(place && at ? { of: place, at } : null);
    else if ((event.key === 'Enter' || event.key === ' ') && place) choose(place.id);
    else if (event.key === 'Escape') choose(null);
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
        aria-label={label}
        aria-roledescription="map"
        aria-describedby="map-help"
        onPointerMove={(event) => show(spotAt(event))}
        onPointerLeave={() => show(null)}
        onClick={(event) => choose(spotAt(event)?.of.id ?? null)}
        onKeyDown={onKeyDown}
        onBlur={() => show(null)}
      >
        <g class="camera">
          {outlines}
          <Hulls world={world} layer={layer} />
        </g>
      </svg>
      <canvas class="map-dots" />
      <p id="map-help" class="unseen">
        The arrow keys move between places, Enter chooses one, Escape takes the choice back. The list holds
        the same figures.
      </p>
      <p class="unseen" aria-live="polite">
        {tip.value && `${tip.value.of.title}. ${tip.value.of.note}`}
      </p>
      <SpotTip tip={tip.value} frame={box.current} />
    </div>
  );
}

function Hulls({ world, layer }: { world: World; layer: Layer }) {
  const paths = useMemo(
    () => layer.hulls.map((hull) => ({ ...hull, d: world.outlineOf(hull.shape) })),
    [world, layer],
  );
  return (
    <>
      {paths.map(({ id, colour, d }) => (
        <path
          key={id}
          class={classOf(id, lookOf(colour).shape)}
          style={hueStyle(colour)}
          data-testid="hull"
          data-id={id}
          d={d}
        />
      ))}
    </>
  );
}

function classOf(id: number, shape: string): string {
  const isDimmed = chosen.value !== null && chosen.value !== id;
  const isOn = chosen.value === id || pointed.value === id;
  return `hull is-${shape}${isDimmed ? ' is-dimmed' : ''}${isOn ? ' is-on' : ''}`;
}

const GAP_PX = 14;
const TIP_WIDTH = 240;

/** Follows the pointer, within the map. */
function SpotTip({ tip, frame }: { tip: Tip | null; frame: HTMLElement | null }) {
  if (!tip || !frame) return null;
  const [x, y] = tip.at;
  const left = Math.max(0, Math.min(x + GAP_PX, frame.clientWidth - TIP_WIDTH));
  const isLow = y > frame.clientHeight / 2;
  const style = isLow
    ? { left: `${left}px`, top: 'auto', bottom: `${frame.clientHeight - y + GAP_PX}px` }
    : { left: `${left}px`, top: `${y + GAP_PX}px` };
  return (
    <div class="map-tip spot-tip" style={style} aria-hidden="true">
      <b dir="auto">{nameOf(tip.of.title)}</b>
      <span dir="auto">{tip.of.note}</span>
    </div>
  );
}

/** Keeps the canvas in step with what is shown and chosen. */
function useStage(box: { current: HTMLDivElement | null }, world: World, layer: Layer) {
  const stage = useSignal<SpotStage | null>(null);
  useEffect(() => {
    const frame = box.current;
    const land = frame?.querySelector<SVGGElement>('.camera');
    const canvas = frame?.querySelector<HTMLCanvasElement>('.map-dots');
    if (!frame || !land || !canvas) return;
    const made = new SpotStage({ box: frame, land, canvas }, world);
    stage.value = made;
    const resizing = new ResizeObserver(() => made.resize());
    resizing.observe(frame);
    void document.fonts.ready.then(() => made.resize());
    return () => {
      resizing.disconnect();
      made.stop();
    };
  }, [box, world, stage]);
  const made = stage.value;
  const id = chosen.value;
  useEffect(() => {
    made?.setLayer(layer);
  }, [made, layer]);
  useEffect(() => {
    const hulls = layer.hulls.filter((hull) => hull.id === id);
    made?.choose(
      id,
      hulls.map(({ shape }) => world.boxOf(shape)),
    );
  }, [made, layer, id, world]);
  useSignalEffect(() => {
    // The theme is on the page only in the next frame.
    if (shade.value) requestAnimationFrame(() => stage.peek()?.readColours());
  });
  return stage;
}

/** The arrow keys: from place to place, beginning with the largest. */
function useWalk(world: World, layer: Layer) {
  const at = useRef(-1);
  const places = useMemo(
    () =>
      layer.places.flatMap((place) => {
        const centre = world.project(place.lon, place.lat);
        return centre ? [{ place, centre }] : [];
      }),
    [world, layer],
  );
  useEffect(() => {
    at.current = -1;
  }, [places]);
  return {
    place: () => places[at.current]?.place,
    walk: (direction: NonNullable<(typeof DIRECTIONS)[string]>) => {
      const here = places[at.current];
      const most = places.toSorted((one, other) => other.place.weight - one.place.weight)[0];
      const next = here ? (nextPlace(places, here, direction) ?? here) : most;
      at.current = next ? places.indexOf(next) : -1;
      return next?.place;
    },
  };
}
