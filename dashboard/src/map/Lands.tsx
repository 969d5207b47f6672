import { useSignalEffect } from '@preact/signals';
import { useMemo, useRef } from 'preact/hooks';
import { countries as chosenCountries } from '../page';
import { countryCounts } from '../selected';
import { rangeOf, stepOf } from './scale';
import type { World } from './world';

/**
 * The outlines of all countries. They are laid out once; afterwards only what changed is written to the
 * elements, because comparing two hundred of them ten times a second is not worth the framework's time.
 */
export function Lands({ world, pointed }: { world: World; pointed: string }) {
  const root = useRef<SVGGElement>(null);

  useSignalEffect(() => {
    const counts = countryCounts.value;
    const range = rangeOf(counts.values());
    for (const element of landOf(root.current)) {
      const step = String(stepOf(counts.get(codeOf(element)) ?? 0, range));
      if (element.dataset.step !== step) element.dataset.step = step;
    }
  });
  useSignalEffect(() => {
    const chosen = chosenCountries.value;
    root.current?.classList.toggle('has-chosen', chosen.length > 0);
    for (const element of landOf(root.current))
      element.classList.toggle('is-chosen', chosen.includes(codeOf(element)));
  });

  const outlines = useMemo(() => <Outlines world={world} />, [world]);
  const outlineOf = (code: string) => world.countries.find((country) => country.code === code)?.outline ?? '';
  return (
    <g ref={root}>
      {outlines}
      <path class="ring is-pointed" d={pointed && outlineOf(pointed)} />
      <path class="ring" d={chosenCountries.value.map(outlineOf).join('')} />
    </g>
  );
}

/** Every country, without its shade. */
export function Outlines({ world }: { world: World }) {
  const outlined = world.countries.filter((country) => country.outline !== '');
  const small = world.countries.filter((country) => country.isSmall);
  return (
    <>
      {outlined.map(({ code, outline }) => (
        <path key={code || outline} class="land" data-country={code || undefined} d={outline} />
      ))}
      <path class="borders" d={world.borders} />
      {small.map(({ code, centre }) => (
        <circle key={code} class="land is-small" data-country={code} cx={centre[0]} cy={centre[1]} r={2.4} />
      ))}
    </>
  );
}

export function landOf(root: SVGGElement | null): Iterable<SVGElement> {
  return root?.querySelectorAll<SVGElement>('[data-country]') ?? [];
}

export function codeOf(element: SVGElement): string {
  return element.dataset.country ?? '';
}
