import type { ComponentChildren } from 'preact';
import { format } from '../format';
import { Panel } from '../panels/Panel';
import { shown } from '../text';
import type { Disk, ProgramStatus } from './contract';
import { momentOf } from './times';

const WORDS = { ready: 'Figures are served', starting: 'Starting', waiting: 'Waiting', failed: 'Failed' };

/** The program itself, in one line of facts. */
export function Program({ status }: { status: ProgramStatus }) {
  const { ready, doing, version, rate, as_of, disk } = status;
  return (
    <Panel
      name="program"
      title="Program"
      aside={
        <>
          <a class="link" href="metrics">
            Metrics
          </a>
          <a class="link" href="api/v1/status">
            JSON
          </a>
        </>
      }
    >
      <dl class="facts">
        <Fact name="State">
          <span class={`state is-${ready}`} data-testid="ready" data-value={ready}>
            {WORDS[ready]}
          </span>
          {doing && doing !== disk?.notice && <small dir="auto">{shown(doing)}</small>}
        </Fact>
        <Fact name="Version">{shown(version)}</Fact>
        <Fact name="Answers a second">{rate === null ? '–' : format.rate(rate)}</Fact>
        <Fact name="Stream time">{momentOf(as_of?.stream_time ?? null, status.at)}</Fact>
        {disk && <DiskFact disk={disk} />}
      </dl>
    </Panel>
  );
}

/** Beside the figures, where they are not enough. */
const LEVELS = {
  enough: '',
  low: 'little: ',
  optional_stopped: 'very little: ',
  ingest_stopped: 'too little for records: ',
};

/** The room for the data folder; what stopped for want of it is said in words. */
function DiskFact({ disk }: { disk: Disk }) {
  return (
    <Fact name="Room on the disk">
      <span class={`state is-${disk.level}`} data-testid="disk" data-value={disk.level}>
        {LEVELS[disk.level]}
        {format.bytes(disk.free_bytes)} of {format.bytes(disk.total_bytes)} free
      </span>
      {disk.notice && <small dir="auto">{shown(disk.notice)}</small>}
    </Fact>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
