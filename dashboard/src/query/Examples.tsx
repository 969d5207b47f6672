import { useSignal } from '@preact/signals';
import { schema } from '../batch/schema';
import { whole } from '../text';
import { open, text } from './run';

/** Before the reader asks for more: a line of them. */
const FEW = matchMedia('(max-width: 720px)').matches ? 3 : 6;

/** The statements that come with the program: a click shows one and runs it. */
export function Examples() {
  const isOpen = useSignal(false);
  const named = schema.value?.named ?? [];
  if (named.length === 0) return null;
  const listed = isOpen.value ? named : named.slice(0, FEW);
  return (
    <ul class="examples" aria-label="Examples">
      {listed.map(({ name, title, description, sql }) => (
        <li key={name}>
          <button
            type="button"
            class="chip is-plain"
            dir="auto"
            title={whole(description)}
            aria-pressed={text.value === sql}
            onClick={() => open(sql)}
          >
            {title}
          </button>
        </li>
      ))}
      {named.length > FEW && (
        <li>
          <button
            type="button"
            class="chip is-plain is-more"
            aria-expanded={isOpen.value}
            onClick={() => {
              isOpen.value = !isOpen.value;
            }}
          >
            {isOpen.value ? 'Fewer' : `${named.length - FEW} more`}
          </button>
        </li>
      )}
    </ul>
  );
}
