import { isLoaded } from '../selected';
import { status } from './StatusLine';

/** Says once why the figures stand still. */
export function Banner() {
  if (!isLoaded.value) return null;
  if (status.value === 'stale')
    return <Line text="Connected, but nothing has arrived for 5 seconds. The figures may be old." />;
  if (status.value === 'reconnecting')
    return <Line text="Connection lost. Trying again; the figures stand still until then." />;
  return null;
}

function Line({ text }: { text: string }) {
  return (
    <p class="banner" role="alert">
      {text}
    </p>
  );
}
