import { Panel } from '../panels/Panel';
import { shown } from '../text';
import type { Worker } from './contract';
import { isSilent } from './rows';
import { Table } from './Table';
import { day, moment } from './times';

const COLUMNS = ['Process', 'State', 'Roles', 'Version', 'Started', 'Heard', 'Partitions', 'Sources'];

/** The processes of a cluster. */
export function Workers({ workers, at }: { workers: readonly Worker[]; at: number }) {
  return (
    <Panel name="workers" title="Cluster" note="the processes that share the journal">
      {workers.length === 0 ? (
        <p class="nothing">No process has been heard of yet.</p>
      ) : (
        <Table name="workers" label="Processes of the cluster" columns={COLUMNS}>
          <tbody>
            {workers.map((worker) => (
              <Row key={worker.name} worker={worker} at={at} />
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}

function Row({ worker, at }: { worker: Worker; at: number }) {
  const state = isSilent(worker, at) ? 'lost' : 'live';
  return (
    <tr data-testid="worker" data-value={state}>
      <th scope="row" dir="auto">
        {shown(worker.name)}
      </th>
      <td>
        <span class={`state is-${state}`}>{state === 'lost' ? 'silent' : 'there'}</span>
      </td>
      <td>{worker.roles.map((role) => shown(role)).join(', ')}</td>
      <td>{shown(worker.version)}</td>
      <td>{day(worker.started)}</td>
      <td>{moment(worker.seen)}</td>
      <td>{worker.partitions.join(', ') || '–'}</td>
      <td dir="auto">{worker.sources.map((source) => shown(source)).join(', ') || '–'}</td>
    </tr>
  );
}
