import { shown } from '../text';
import { goToInEditor } from './EditorBox';
import { lineOf, offsetOf } from './place';
import { type Failure, text } from './run';

/** Why a statement was not answered, with PostgreSQL's code and the place. */
export function FailureNote({ problem, sql }: Failure) {
  const { title, detail, sqlstate, position, remedy } = problem;
  const offset = position === null || position === undefined ? null : offsetOf(sql, position);
  const place = offset === null ? null : lineOf(sql, offset);
  return (
    <div class="failure" role="alert" data-testid="failure" data-value={sqlstate ?? ''}>
      <b dir="auto">{shown(title)}</b>
      {detail && detail !== title && <p dir="auto">{shown(detail)}</p>}
      {remedy && <p dir="auto">{shown(remedy)}</p>}
      {(sqlstate || place) && (
        <p>
          {sqlstate && (
            <span>
              SQLSTATE <code>{shown(sqlstate)}</code>
            </span>
          )}
          {place && offset !== null && (
            <button
              type="button"
              class="link"
              disabled={text.value !== sql}
              onClick={() => goToInEditor(offset)}
            >
              Go to line {place.line}, column {place.column}
            </button>
          )}
        </p>
      )}
    </div>
  );
}
