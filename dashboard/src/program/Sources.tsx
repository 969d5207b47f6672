import { format } from '../format';
import { Panel } from '../panels/Panel';
import { errorOf } from '../status';
import { shown } from '../text';
import type { Source } from './contract';
import { Table } from './Table';
import { figure, moment } from './times';

const KINDS = { stream: 'Stream', replay: 'Replay', simulation: 'Simulation', file: 'Recording' };

function problemOf(source: Source): string {
  const said = [errorOf(source), source.notice].flatMap((sentence) => (sentence ? shown(sentence) : []));
  return said.length > 0 ? said.join('; ') : '–';
}

/** "Replay, 10×" */
function kindOf({ kind, speed }: Source): string {
  return speed === undefined ? KINDS[kind] : `${KINDS[kind]}, ${format.speed(speed)}×`;
}

export function Sources({ sources }: { sources: readonly Source[] }) {
  return (
    <Panel name="sources" title="Sources">
      {sources.length === 0 ? (
        <p class="nothing">This process reads no source.</p>
      ) : (
        <Table
          name="sources"
          label="Sources"
          columns={['Source', 'Kind', 'State', 'Last record', 'Reconnects', 'Gaps', 'Problem']}
        >
          <tbody>
            {sources.map((source) => (
              <tr key={source.name} data-testid="source" data-value={source.state}>
                <th scope="row" dir="auto">
                  {shown(source.name)}
                </th>
                <td>{kindOf(source)}</td>
                <td>
                  <span class={`state is-${source.state}`}>{source.state}</span>
                </td>
                <td>{moment(source.last_record_at)}</td>
                <td>{figure(source.reconnects)}</td>
                <td>{figure(source.gaps)}</td>
                <td dir="auto">{problemOf(source)}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}
