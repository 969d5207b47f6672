import { useEffect, useRef, useState } from 'preact/hooks';
import { format } from '../format';
import { utc } from '../page';
import { shade } from '../theme';
import { figureOf } from './figures';
import { type Along, LinePlot, type Points } from './line-plot';

interface LineParts {
  points: Points;
  along: Along;
  label: string;
}

export function Line({ points, along, label }: LineParts) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<LinePlot | null>(null);
  const [read, setRead] = useState<number | null>(null);
  const [at, value] = points;
  useEffect(() => {
    if (!box.current) return;
    plot.current = new LinePlot(box.current);
    return () => plot.current?.stop();
  }, []);
  useEffect(() => {
    // The theme is on the page only in the next frame.
    const frame = requestAnimationFrame(() =>
      plot.current?.show(points, { along, utc: utc.value, onRead: setRead }),
    );
    return () => cancelAnimationFrame(frame);
  }, [points, along, utc.value, shade.value]);
  const when = read === null ? undefined : at[read];
  return (
    <div class="line-chart">
      <p class="reading" aria-hidden="true">
        {when !== undefined && read !== null && (
          <>
            <b>{along === 'number' ? figureOf(when) : momentOf(when, along)}</b> {figureOf(value[read] ?? 0)}
          </>
        )}
      </p>
      <div class="plot" ref={box} role="img" aria-label={label} />
    </div>
  );
}

function momentOf(seconds: number, along: Along): string {
  const time = seconds * 1_000;
  // A day is that day in every zone.
  if (along === 'date') return format.date(time, true);
  return `${format.date(time, utc.value)}, ${format.minute(time, utc.value)} ${format.zone(time, utc.value)}`;
}
