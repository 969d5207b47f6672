import { computed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { countries } from '../page';
import { countryCounts, dots } from '../selected';
import { shade } from '../theme';
import { pulsesAdded } from './pulses';
import { PALE_STEPS, rangeOf, stepOf } from './scale';
import { Stage } from './stage';
import type { World } from './world';

/** As text, because an equal text changes nothing, and an equal list would. */
const paleLand = computed(() => {
  const range = rangeOf(countryCounts.value.values());
  const pale = [...countryCounts.value].filter(([, count]) => stepOf(count, range) <= PALE_STEPS);
  return pale.map(([country]) => country).join();
});

/** Keeps the camera and the canvases in step with what was chosen, what arrives and how it looks. */
export function useStage(box: { current: HTMLDivElement | null }, world: World): void {
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
  useSignalEffect(() => stage.value?.setPaleLand(paleLand.value.split(',')));
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
