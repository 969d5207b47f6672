import { useMemo } from 'preact/hooks';
import type { Answer, Column } from '../batch/contract';
import { isTime, visible } from '../batch/values';
import { countryName } from '../countries';
import { format } from '../format';
import { Bars } from './Bars';
import { Columns } from './Columns';
import { CountryMap } from './CountryMap';
import { Line } from './Line';
import type { Along } from './line-plot';
import {
  type Axes,
  barsOf,
  type Choice,
  countriesOf,
  isOrdinal,
  type Kind,
  labelColumns,
  labelOf,
  placesOf,
  pointsOf,
} from './series';

/** Bars beyond these are in the table. */
const BARS_MAX = 100;

interface PictureParts {
  answer: Pick<Answer, 'columns' | 'rows'>;
  kind: Kind;
  axes: Axes | null;
  title: string;
  /** So many bars; all that are sensible when it is not said. */
  most?: number;
  choice?: Choice;
}

/** An answer as a chart. */
export function Picture({ answer, kind, axes, title, most = BARS_MAX, choice }: PictureParts) {
  const places = useMemo(() => (kind === 'map' ? placesOf(answer) : []), [answer, kind]);
  const counts = useMemo(
    () =>
      kind === 'map' && axes && places.length === 0 ? countriesOf(answer, axes) : new Map<string, number>(),
    [answer, kind, axes, places],
  );
  const points = useMemo(
    () => (kind === 'line' && axes ? pointsOf(answer, axes) : null),
    [answer, kind, axes],
  );
  const nameOf = (index: number | undefined) => visible(answer.columns[index ?? -1]?.name ?? '');
  const label = `${title}: ${nameOf(axes?.y)} by ${nameOf(axes?.x)}`;
  if (kind === 'map')
    return <CountryMap counts={counts} places={places} of={nameOf(axes?.y)} label={label} choice={choice} />;
  if (!axes) return <p class="nothing">No column of this answer is a figure to draw.</p>;
  if (points) {
    return <Line points={points} along={alongOf(answer.columns[axes.x])} label={label} />;
  }
  const bars = barsOf(answer, axes, choice);
  const labels = labelNames(answer, axes);
  if (isOrdinal(answer, axes, bars)) return <Columns bars={bars} nameOf={labels} />;
  return (
    <>
      <Bars bars={bars.slice(0, most)} nameOf={labels} choice={choice} />
      {most === BARS_MAX && bars.length > most && (
        <p class="nothing">
          The first {format.full(most)} of {format.full(bars.length)} rows; the table has all.
        </p>
      )}
    </>
  );
}

function alongOf(column: Column | undefined): Along {
  if (!column || !isTime(column)) return 'number';
  return column.type === 'date' ? 'date' : 'time';
}

const WEEKDAY = /^(mon|tues|wednes|thurs|fri|satur|sun)day$/i;

/** Countries by their names, weekdays by three letters; other labels as they are. */
function labelNames(answer: PictureParts['answer'], { x }: Axes): ((label: string) => string) | undefined {
  if (labelColumns(answer, 'map').includes(x)) return (label) => countryName(label.toLowerCase());
  const isWeekday = answer.rows.length > 0 && answer.rows.every((row) => WEEKDAY.test(labelOf(row[x])));
  return isWeekday ? (label) => label.slice(0, 3) : undefined;
}
