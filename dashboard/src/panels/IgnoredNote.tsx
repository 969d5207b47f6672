import { useEffect } from 'preact/hooks';
import { ignored } from '../page';
import { shown } from '../text';

const SHOWN_FOR_MS = 8_000;

/** Says once which parts of the address mean nothing here. */
export function IgnoredNote() {
  useEffect(() => {
    const timer = setTimeout(() => {
      ignored.value = [];
    }, SHOWN_FOR_MS);
    return () => clearTimeout(timer);
  }, []);
  if (ignored.value.length === 0) return null;
  return (
    <p class="ignored-note" role="status">
      Not understood in the address, and left out: {ignored.value.map((part) => shown(part)).join(', ')}
    </p>
  );
}
