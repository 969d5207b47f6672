import { Panel } from '../panels/Panel';
import { shown } from '../text';
import type { Account, Ledger } from './contract';
import { balances, byCount, sum } from './rows';
import { Table } from './Table';
import { figure } from './times';

const COLUMNS = [
  'Source',
  'Received',
  'Rejected',
  'Kept',
  'New',
  'Replaced',
  'Repeated',
  'Stale',
  'Quarantined',
  'Gaps',
];

/** The ledger: what became of every record, by source. */
export function Books({ ledger }: { ledger: Ledger | null }) {
  return (
    <Panel
      name="ledger"
      title="Ledger"
      note="received = rejected + kept, kept = new + replaced + repeated + stale + quarantined"
      aside={
        ledger && (
          <b data-testid="balanced" data-value={ledger.balanced}>
            {ledger.balanced ? 'balances' : 'does not balance'}
          </b>
        )
      }
    >
      {ledger ? <Accounts ledger={ledger} /> : <p class="nothing">There are no figures yet.</p>}
    </Panel>
  );
}

function Accounts({ ledger }: { ledger: Ledger }) {
  const sources = Object.entries(ledger.sources);
  return (
    <Table name="ledger" label="Ledger by source" columns={COLUMNS}>
      <tbody>
        {sources.map(([name, account]) => (
          <Row key={name} name={shown(name)} account={account} />
        ))}
      </tbody>
      {sources.length !== 1 && (
        <tfoot>
          <Row name="All sources" account={ledger} />
        </tfoot>
      )}
    </Table>
  );
}

function Row({ name, account }: { name: string; account: Account }) {
  return (
    <tr data-testid="account" data-value={account.received} class={balances(account) ? undefined : 'is-off'}>
      <th scope="row" dir="auto">
        {name}
      </th>
      <td>{figure(account.received)}</td>
      <td>
        <Reasons reasons={account.rejected} />
      </td>
      <td>{figure(account.kept)}</td>
      <td>{figure(account.new)}</td>
      <td>{figure(account.replaced)}</td>
      <td>{figure(account.repeated)}</td>
      <td>{figure(account.stale)}</td>
      <td>
        <Reasons reasons={account.quarantined} />
      </td>
      <td>{figure(account.gaps)}</td>
    </tr>
  );
}

/** A reason's code as words: "unknown_enum:response" is "unknown enum: response". */
function readable(code: string): string {
  return shown(code).replaceAll('_', ' ').replaceAll(':', ': ');
}

/** Their sum, and what it is made of. */
function Reasons({ reasons }: { reasons: Record<string, number> }) {
  return (
    <>
      {figure(sum(reasons))}
      {byCount(reasons).map(([reason, count]) => (
        <small key={reason} class="reason" title={shown(reason)}>
          {readable(reason)} {figure(count)}
        </small>
      ))}
    </>
  );
}
