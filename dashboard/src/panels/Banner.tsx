import { refusal } from '../live';
import { isLoaded, notice } from '../selected';
import { troublesOf } from '../status';
import { shown } from '../text';
import { known, status } from './StatusLine';

/** Says once why figures stand still, or why some are missing. */
export function Banner() {
  if (!isLoaded.value && !refusal.value) return null;
  if (status.value === 'stale')
    return <Line text="Connected, but nothing has arrived for 5 seconds. The figures may be old." />;
  if (status.value === 'reconnecting')
    return <Line text="Connection lost. Trying again; the figures stand still until then." />;
  const troubles = troublesOf(known.value.ready, known.value.sources, notice.value);
  return (
    <>
      {troubles.map((trouble) => (
        <Line key={trouble} text={shown(trouble)} />
      ))}
    </>
  );
}

function Line({ text }: { text: string }) {
  return (
    <p class="banner" role="alert" dir="auto" data-testid="banner">
      {text}
    </p>
  );
}
