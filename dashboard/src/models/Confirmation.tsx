import { useEffect, useRef } from 'preact/hooks';
import { shown } from '../text';
import '../styles/sheet.css';

interface ConfirmationParts {
  name: string;
  version: number;
  onAnswer: (isMeant: boolean) => void;
}

/** Asks before a version is used that is no better than its baseline. */
export function Confirmation({ name, version, onAnswer }: ConfirmationParts) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isMeant = useRef(false);
  useEffect(() => dialog.current?.showModal(), []);
  const close = (meant: boolean) => {
    isMeant.current = meant;
    dialog.current?.close();
  };
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby="confirmation-title"
      onClose={() => onAnswer(isMeant.current)}
      data-testid="confirmation"
    >
      <h2 id="confirmation-title" dir="auto">
        Use version {version} of {shown(name)} anyway?
      </h2>
      <p>It does not beat its baseline on data it has not seen. A simple guess would be as good.</p>
      <div class="sheet-deeds">
        <button type="button" class="button" onClick={() => close(false)}>
          Keep what is in use
        </button>
        <button type="button" class="button is-grave" onClick={() => close(true)}>
          Promote anyway
        </button>
      </div>
    </dialog>
  );
}
