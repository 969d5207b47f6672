import { Panel } from '../panels/Panel';
import { shown } from '../text';
import type { Partition, ProgramStatus } from './contract';
import { partitionRows } from './rows';
import { Table } from './Table';
import { figure, momentOf } from './times';

const ALONE = ['Partition', 'Counted', 'Stream time'];
const SHARED = [...ALONE, 'Lag', 'Owner', 'Epoch', 'In tables', 'Checkpoint'];

/** The partitions of the journal, and in a cluster who counts them. */
export function Journal({ status }: { status: ProgramStatus }) {
  const rows = partitionRows(status);
  const isShared = status.cluster !== null;
  return (
    <Panel name="journal" title="Journal" note={isShared ? undefined : 'entries counted, by partition'}>
      {rows.length === 0 ? (
        <p class="nothing">There are no figures yet.</p>
      ) : (
        <Table name="partitions" label="Partitions of the journal" columns={isShared ? SHARED : ALONE}>
          <tbody>
            {rows.map((row) => (
              <Row key={row.partition} row={row} isShared={isShared} at={status.at} />
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}

function Row({ row, isShared, at }: { row: Partition; isShared: boolean; at: number }) {
  return (
    <tr data-testid="partition" data-value={row.offset}>
      <th scope="row">{row.partition}</th>
      <td>{figure(row.offset)}</td>
      <td>{momentOf(row.stream_time, at)}</td>
      {isShared && (
        <>
          <td>{figure(row.lag)}</td>
          <td dir="auto">{row.owner ? shown(row.owner) : <span class="state is-lost">nobody</span>}</td>
          <td>{figure(row.epoch)}</td>
          <td>{figure(row.served_offset)}</td>
          <td>{figure(row.checkpoint_offset)}</td>
        </>
      )}
    </tr>
  );
}
