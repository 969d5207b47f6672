import { Cross } from './icons';

/** A filter that holds, to be taken away. */
export function Chip({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <button type="button" class="chip" onClick={onClick}>
      <span dir="auto">{label}</span>
      <Cross />
      <span class="unseen">clear this filter</span>
    </button>
  );
}
