import { format } from '../format';
import { Table } from '../program/Table';
import type { Bin } from './contract';
import { calibrationError } from './figures';
import { Part } from './Part';

const SIZE = 200;
const LEFT = 40;
const BOTTOM = 36;
const TOP = 22;
const RIGHT = 12;
const RADIUS = 6;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** How often what was predicted with a probability did happen; on the diagonal the two are the same. */
export function Calibration({ bins, of }: { bins: readonly Bin[]; of: string }) {
  const error = calibrationError(bins);
  return (
    <Part title="Calibration" note={`${format.share(error)} off on average`}>
      <Plot
        bins={bins}
        label={`Calibration of ${of} in ${bins.length} bins, ${format.share(error)} off on average`}
      />
      <details>
        <summary>As a table</summary>
        <Table
          name="calibration"
          label={`Calibration of ${of}`}
          columns={['Predicted', 'Observed', 'Examples']}
        >
          <tbody>
            {bins.map((bin, index) => (
              <tr key={index}>
                <td>{format.share(bin.predicted)}</td>
                <td>{format.share(bin.observed)}</td>
                <td>{format.full(bin.examples)}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      </details>
    </Part>
  );
}

function Plot({ bins, label }: { bins: readonly Bin[]; label: string }) {
  const x = (share: number) => LEFT + share * SIZE;
  const y = (share: number) => TOP + (1 - share) * SIZE;
  const most = Math.max(1, ...bins.map(({ examples }) => examples));
  const ordered = bins.toSorted((one, other) => one.predicted - other.predicted);
  const line = ordered.map((bin) => `${x(bin.predicted).toFixed(1)} ${y(bin.observed).toFixed(1)}`).join('L');
  return (
    <svg
      class="calibration"
      viewBox={`0 0 ${LEFT + SIZE + RIGHT} ${TOP + SIZE + BOTTOM}`}
      role="img"
      aria-label={label}
    >
      {TICKS.map((tick) => (
        <g key={tick}>
          <path class="grid-line" d={`M${x(0)} ${y(tick)}H${x(1)}`} />
          <text x={LEFT - 7} y={y(tick) + 3.5} text-anchor="end">
            {format.percent(tick)}
          </text>
          <text x={x(tick)} y={y(0) + 15} text-anchor="middle">
            {format.percent(tick)}
          </text>
        </g>
      ))}
      <text x={x(0.5)} y={y(0) + 31} text-anchor="middle" class="axis">
        predicted
      </text>
      <text x={x(0)} y={TOP - 9} class="axis">
        observed
      </text>
      <path class="diagonal" d={`M${x(0)} ${y(0)}L${x(1)} ${y(1)}`} />
      <path class="line" d={`M${line}`} />
      {bins.map((bin, index) => (
        <circle
          key={index}
          cx={x(bin.predicted)}
          cy={y(bin.observed)}
          r={2 + RADIUS * Math.sqrt(bin.examples / most)}
        >
          <title>
            {`predicted ${format.share(bin.predicted)}, observed ${format.share(bin.observed)}, ${format.full(bin.examples)} examples`}
          </title>
        </circle>
      ))}
    </svg>
  );
}
