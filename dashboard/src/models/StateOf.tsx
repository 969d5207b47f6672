import type { Model } from './contract';

const WORDS = { served: 'served', baseline: 'baseline answers', absent: 'absent' };

/** Who answers: the model, its baseline, or nobody; and whether what it is asked has changed. */
export function StateOf({ model: { state, in_use, drift } }: { model: Model }) {
  const hasDrifted = drift?.state === 'drifted' && state === 'served';
  return (
    <span
      class={`state is-model-${hasDrifted ? 'drifted' : state}`}
      data-testid="model-state"
      data-value={state}
    >
      {WORDS[state]}
      {state === 'served' && in_use !== null && ` v${in_use}`}
      {hasDrifted && ', drifted'}
    </span>
  );
}
