import { format } from '../format';
import { filterQuery } from '../page';
import { root } from '../pages';
import { all, ledger, totals } from '../selected';

interface Term {
  /** Before the number. */
  sign: string;
  value: number;
  name: string;
  /** What it is, when it is opened. */
  says: string;
  testId?: string;
}

/** How messages become people: every message is in one of the terms. */
export function LedgerStrip() {
  const [known, counted, everything] = [ledger.value, totals.value, all.value];
  if (!known || !counted || !everything) return <div class="ledger-strip" />;
  const others = known.received - known.answers;
  const takenBack = known.answers - known.repeats - known.changes - everything.rsvps;
  const terms: Term[] = [
    {
      sign: '',
      value: known.received,
      name: 'messages',
      says: 'Everything that the sources delivered, whatever became of it.',
    },
    {
      sign: '−',
      value: others,
      name: 'that are no answers',
      says: 'Records of other feeds, and those that were refused or kept aside; Status has each reason.',
    },
    {
      sign: '−',
      value: known.repeats,
      name: 'repeats',
      says: 'The same answer sent again, or an older one that came late. Counting messages would count it twice.',
    },
    {
      sign: '−',
      value: known.changes,
      name: 'changes',
      says: 'Somebody answered differently from before: the new answer takes the place of the old one.',
    },
    ...(takenBack > 0
      ? [
          {
            sign: '−',
            value: takenBack,
            name: 'taken back',
            says: 'Answers that were deleted at their source.',
          },
        ]
      : []),
    {
      sign: '=',
      value: everything.rsvps,
      name: 'RSVPs',
      says: 'Answers as they now stand, each counted once, of the whole world.',
    },
  ];
  const people: Term[] = [
    { sign: '→', value: counted.yes, name: 'yes', says: 'RSVPs that say yes.' },
    {
      sign: '+',
      value: counted.guests,
      name: 'guests',
      says: 'People whom those who say yes bring along.',
      testId: 'total-guests',
    },
    { sign: '=', value: counted.heads, name: 'people', says: 'Everybody who comes.' },
  ];
  return (
    <div class="ledger-strip">
      {terms.map((term) => (
        <TermOf key={term.name} term={term} />
      ))}
      {filterQuery.value !== '' && <span class="here">here</span>}
      {people.map((term) => (
        <TermOf key={term.name} term={term} />
      ))}
      {!known.balanced && <a href={`${root}status`}>does not balance</a>}
    </div>
  );
}

function TermOf({ term: { sign, value, name, says, testId } }: { term: Term }) {
  return (
    <details name="ledger-term">
      <summary>
        {sign && <i>{sign}</i>}
        <b data-testid={testId} data-value={value}>
          {format.full(value)}
        </b>{' '}
        {name}
      </summary>
      <p>
        {says} <a href={`${root}status`}>Status</a>
      </p>
    </details>
  );
}
