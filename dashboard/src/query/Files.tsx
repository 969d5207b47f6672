import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { askFile } from '../batch/client';
import type { Question } from '../batch/contract';
import { save } from '../panels/csv';
import { shown } from '../text';
import { problemOf } from './run';

const FILES = {
  CSV: { type: 'text/csv', extension: 'csv' },
  JSON: { type: 'application/json', extension: 'json' },
  Parquet: { type: 'application/vnd.apache.parquet', extension: 'parquet' },
} as const;
type Format = keyof typeof FILES;
const FORMATS = Object.keys(FILES) as Format[];

/** The answer as a file: asked again, so that it is whole. */
export function Files({ question }: { question: Question }) {
  const busy = useSignal<Format | null>(null);
  const problem = useSignal<string | null>(null);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => {
    problem.value = null;
    return () => stop.current?.abort();
  }, [question]);
  const take = async (format: Format) => {
    stop.current?.abort();
    const mine = new AbortController();
    stop.current = mine;
    busy.value = format;
    problem.value = null;
    try {
      const { type, extension } = FILES[format];
      const about = 'named' in question ? question.named.replaceAll('_', '-') : 'query';
      save([about], extension, await askFile(question, type, mine.signal));
    } catch (error) {
      if (mine.signal.aborted) return;
      const { title, detail } = problemOf(error);
      problem.value = `${format}: ${detail ?? title}`;
    }
    if (stop.current === mine) busy.value = null;
  };
  return (
    <div class="aside files">
      {problem.value && (
        <span class="is-bad" role="alert" dir="auto">
          {shown(problem.value)}
        </span>
      )}
      {FORMATS.map((format) => (
        <button
          key={format}
          type="button"
          class="link"
          aria-label={`Download as ${format}`}
          aria-busy={busy.value === format}
          onClick={() => take(format)}
        >
          {format}
        </button>
      ))}
    </div>
  );
}
