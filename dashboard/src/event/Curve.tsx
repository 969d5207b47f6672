import { useEffect, useRef, useState } from 'preact/hooks';
import { format } from '../format';
import { Table } from '../program/Table';
import type { EventDetails } from './contract';
import { type Frame, headsAt, type Scales, scalesOf, stepsOf, thinned, ticksOf } from './curve';
import { forecastOf } from './forecast';
import { timesIn } from './place-time';

const HEIGHT = 320;
const LEFT = 44;
const RIGHT = 18;
const TOP = 18;
const BOTTOM = 28;
const TICK_PX = 90;
const ROWS_MAX = 25;
const WIDTH_FIRST = 640;

/** How the event fills: heads by time, what it can hold, and how many are expected. */
export function Curve({ told }: { told: EventDetails }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(WIDTH_FIRST);
  const [pointed, setPointed] = useState<number | null>(null);
  useEffect(() => {
    if (!box.current) return;
    const resizing = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    resizing.observe(box.current);
    return () => resizing.disconnect();
  }, []);
  const frame: Frame = { left: LEFT, right: width - RIGHT, top: TOP, bottom: HEIGHT - BOTTOM };
  const scales = scalesOf(told, frame);
  if (!scales)
    return (
      <p class="nothing">
        Nobody has said yes yet.<span>The curve begins with the first answer.</span>
      </p>
    );
  const times = timesIn(told.utc_offset);
  const onPointerMove = (event: PointerEvent) => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    const along = (event.clientX - left - LEFT) / Math.max(1, frame.right - frame.left);
    setPointed(along < 0 || along > 1 ? null : scales.from + along * (scales.to - scales.from));
  };
  const heads = pointed === null ? null : headsAt(told.curve, pointed);
  return (
    <>
      <div class="curve" ref={box} onPointerMove={onPointerMove} onPointerLeave={() => setPointed(null)}>
        <p class="reading" aria-hidden="true">
          {pointed !== null && heads !== null && (
            <>
              <b>{times.moment(pointed)}</b> {format.full(heads)} heads
            </>
          )}
        </p>
        <svg viewBox={`0 0 ${width} ${HEIGHT}`} height={HEIGHT} role="img" aria-label={labelOf(told)}>
          <Grid scales={scales} frame={frame} told={told} />
          <Lines told={told} scales={scales} frame={frame} />
          {pointed !== null && heads !== null && (
            <g class="cursor">
              <path d={`M${scales.x(pointed)} ${TOP}V${frame.bottom}`} />
              <circle cx={scales.x(pointed)} cy={scales.y(heads)} r={3.5} />
            </g>
          )}
        </svg>
      </div>
      <details>
        <summary>As a table</summary>
        <Table name="curve" label="Heads by time" columns={['Time', 'Heads']}>
          <tbody>
            {thinned(told.curve, ROWS_MAX).map(([at, count]) => (
              <tr key={at}>
                <td>{times.moment(at)}</td>
                <td>{format.full(count)}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      </details>
    </>
  );
}

interface DrawnParts {
  told: EventDetails;
  scales: Scales;
  frame: Frame;
}

function Grid({ told, scales, frame }: DrawnParts) {
  const times = timesIn(told.utc_offset);
  const room = Math.max(2, Math.floor((frame.right - frame.left) / TICK_PX));
  const { at, isDays } = ticksOf(scales, told.utc_offset ?? 0, room);
  return (
    <>
      {[0, scales.most / 2, scales.most].map((heads) => (
        <g key={heads}>
          <path class="grid-line" d={`M${frame.left} ${scales.y(heads)}H${frame.right}`} />
          <text x={frame.left - 8} y={scales.y(heads) + 4} text-anchor="end">
            {format.count(heads)}
          </text>
        </g>
      ))}
      {at.map((time) => (
        <text key={time} x={scales.x(time)} y={frame.bottom + 18} text-anchor="middle">
          {isDays ? times.day(time) : times.minute(time)}
        </text>
      ))}
    </>
  );
}

function Lines({ told, scales, frame }: DrawnParts) {
  const { x, y } = scales;
  const now = Math.min(told.as_of?.stream_time ?? scales.from, told.time ?? Number.POSITIVE_INFINITY);
  const line = stepsOf(told.curve, scales, now);
  const forecast = forecastOf(told);
  return (
    <>
      {forecast && (
        <g class="forecast" data-testid="forecast">
          <path
            class="band"
            d={`M${x(forecast.from)} ${y(forecast.heads)}L${x(forecast.at)} ${y(forecast.high)}V${y(forecast.low)}Z`}
          />
          <path
            class="expected"
            d={`M${x(forecast.from)} ${y(forecast.heads)}L${x(forecast.at)} ${y(forecast.value)}`}
          />
          <path class="whisker" d={`M${x(forecast.at)} ${y(forecast.high)}V${y(forecast.low)}`} />
          <circle cx={x(forecast.at)} cy={y(forecast.value)} r={4.5} />
        </g>
      )}
      <path class="area" d={`${line}V${frame.bottom}H${x(told.curve[0]?.[0] ?? 0)}Z`} />
      <path class="line" d={line} />
      {told.rsvp_limit !== null && (
        <g class="limit" data-testid="limit">
          <path d={`M${frame.left} ${y(told.rsvp_limit)}H${frame.right}`} />
          <text x={frame.left + 6} y={y(told.rsvp_limit) - 5}>
            room for {format.full(told.rsvp_limit)}
          </text>
        </g>
      )}
      {told.time !== null && (
        <g class="begin">
          <path d={`M${x(told.time)} ${frame.top}V${frame.bottom}`} />
          <text x={x(told.time) - 6} y={frame.bottom - 6} text-anchor="end">
            begins
          </text>
        </g>
      )}
    </>
  );
}

function labelOf(told: EventDetails): string {
  const last = told.curve.at(-1)?.[1] ?? 0;
  const limit = told.rsvp_limit === null ? '' : `, room for ${format.full(told.rsvp_limit)}`;
  const { turnout } = told;
  const expected = turnout
    ? `, ${format.full(turnout.value)} expected, between ${format.full(turnout.low)} and ${format.full(turnout.high)}`
    : '';
  return `Heads by time: ${format.full(last)} so far${limit}${expected}`;
}
