import { useEffect, useRef } from 'preact/hooks';
import { page } from '../page';
import { LISTS, type Page } from '../pages';
import '../styles/sheet.css';

interface Key {
  keys: readonly string[];
  does: string;
  /** On these pages only. */
  on?: readonly Page[];
}

const KEYS: readonly Key[] = [
  { keys: ['g', 'l'], does: 'Live' },
  { keys: ['g', 'v'], does: 'Lists' },
  { keys: ['g', 'e'], does: 'Explore' },
  { keys: ['g', 'q'], does: 'Query' },
  { keys: ['g', 'm'], does: 'Models' },
  { keys: ['g', 'c'], does: 'Clusters' },
  { keys: ['g', 'r'], does: 'Report' },
  { keys: ['g', 's'], does: 'Status' },
  { keys: ['/'], does: 'Go to the map', on: ['live'] },
  { keys: ['p'], does: 'Pause or resume', on: ['live'] },
  { keys: ['Esc'], does: 'Take every filter away', on: ['live', 'explore', ...LISTS] },
  { keys: ['t'], does: 'Change the theme' },
  { keys: ['?'], does: 'This sheet' },
];

/** What the keys do on this page. */
export function KeySheet({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="sheet" aria-labelledby="sheet-title" onClose={onClose}>
      <h2 id="sheet-title">Keys</h2>
      <table>
        <tbody>
          {KEYS.filter(({ on }) => on?.includes(page) ?? true).map(({ keys, does }) => (
            <tr key={does}>
              <th scope="row">{does}</th>
              <td>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <button type="button" class="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}
