import { useSignal } from '@preact/signals';
import { format } from '../format';
import { Table } from '../program/Table';
import { day } from '../program/times';
import { shown, whole } from '../text';
import { Confirmation } from './Confirmation';
import type { Model, Version } from './contract';
import { outcomes, promote } from './state';

interface VersionsParts {
  model: Model;
  /** Whose card is on the screen. */
  shownOne: number | null;
  onShow: (version: number) => void;
}

const COLUMNS = [
  'Version',
  'State',
  'Trained',
  'Took',
  'Against its baseline',
  'Size',
  'Program',
  'Data',
  'Use',
];

export function Versions({ model, shownOne, onShow }: VersionsParts) {
  const asked = useSignal<number | null>(null);
  const outcome = outcomes.value[model.name];
  const onPromote = ({ version, beats_baseline }: Version) => {
    if (beats_baseline === true) void promote(model.name, version, false);
    else asked.value = version;
  };
  return (
    <div class="versions">
      <h3>Versions</h3>
      <Table name={`versions-${model.name}`} label={`Versions of ${shown(model.name)}`} columns={COLUMNS}>
        <tbody>
          {model.versions.map((version) => (
            <Row
              key={version.version}
              model={model}
              version={version}
              isShown={version.version === shownOne}
              onShow={onShow}
              onPromote={onPromote}
            />
          ))}
        </tbody>
      </Table>
      {outcome && (
        <p
          class={outcome.isDone ? 'outcome' : 'outcome is-bad'}
          role={outcome.isDone ? 'status' : 'alert'}
          dir="auto"
          data-testid="outcome"
        >
          {shown(outcome.text)}
        </p>
      )}
      {asked.value !== null && (
        <Confirmation
          name={model.name}
          version={asked.value}
          onAnswer={(isMeant) => {
            const version = asked.peek();
            asked.value = null;
            if (isMeant && version !== null) void promote(model.name, version, true);
          }}
        />
      )}
    </div>
  );
}

interface RowParts {
  model: Model;
  version: Version;
  isShown: boolean;
  onShow: (version: number) => void;
  onPromote: (version: Version) => void;
}

function Row({ model, version, isShown, onShow, onPromote }: RowParts) {
  const { version: number, damage, beats_baseline, training_sha256 } = version;
  const isUsed = number === model.in_use;
  return (
    <>
      <tr data-testid="version" data-value={number} class={damage ? 'is-damaged' : undefined}>
        <th scope="row">
          {version.card ? (
            <button type="button" class="link" aria-pressed={isShown} onClick={() => onShow(number)}>
              {number}
            </button>
          ) : (
            number
          )}
        </th>
        <td>{damage ? 'refused' : isUsed ? <b>in use</b> : number === model.previous ? 'previous' : '–'}</td>
        <td>{version.trained_at === null ? '–' : day(version.trained_at)}</td>
        <td>{version.seconds === null ? '–' : `${format.rate(version.seconds)} s`}</td>
        <td>
          {damage ? (
            '–'
          ) : (
            <span class={beats_baseline ? 'is-good' : 'is-bad'}>
              {beats_baseline ? 'better' : 'not better'}
            </span>
          )}
        </td>
        <td>{version.model_bytes === null ? '–' : format.bytes(version.model_bytes)}</td>
        <td>{shown(version.program ?? '', '–')}</td>
        <td title={training_sha256 ? `SHA-256 of the training data: ${whole(training_sha256)}` : undefined}>
          {shown(training_sha256?.slice(0, 8) ?? '', '–')}
        </td>
        <td>
          {!damage && !isUsed && (
            <button
              type="button"
              class="button is-small"
              aria-label={`Promote version ${number} of ${shown(model.name)}`}
              onClick={() => onPromote(version)}
            >
              Promote
            </button>
          )}
        </td>
      </tr>
      {damage && (
        <tr class="damage">
          <td colSpan={COLUMNS.length} dir="auto">
            {shown(damage)}
          </td>
        </tr>
      )}
    </>
  );
}
