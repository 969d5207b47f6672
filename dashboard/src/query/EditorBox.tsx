import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { schema } from '../batch/schema';
import type { Editor } from './editor';
import { offsetOf, wordAt } from './place';
import { failure, run, text } from './run';

/** Hands the editor to those who write into it. */
let shownEditor: Editor | undefined;

export function insertIntoEditor(name: string): void {
  if (shownEditor) shownEditor.insert(name);
  else text.value += name;
}

export function goToInEditor(offset: number): void {
  shownEditor?.goTo(offset);
}

export function focusEditor(): void {
  if (shownEditor) shownEditor.focus();
  else document.getElementById('plain-editor')?.focus();
}

function leave(): void {
  document.getElementById('run')?.focus();
}

/** A plain field until the editor's file is there, and if it never comes. */
export function EditorBox() {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<Editor>();
  useEffect(() => {
    let made: Editor | undefined;
    let isGone = false;
    import('./editor').then(
      ({ Editor }) => {
        if (isGone || !host.current) return;
        made = new Editor(host.current, {
          text: text.peek(),
          tables: schema.peek()?.tables ?? [],
          onChange: (next) => {
            text.value = next;
          },
          onRun: run,
          onLeave: leave,
        });
        shownEditor = made;
        const isBusy = document.activeElement?.id === 'plain-editor';
        setEditor(made);
        if (isBusy) made.focus();
      },
      (error) => console.warn('headcount: load the editor:', error),
    );
    return () => {
      isGone = true;
      shownEditor = undefined;
      made?.stop();
    };
  }, []);
  useFollow(editor);
  return (
    <div class="editor-box">
      <div class="editor" ref={host} data-testid="editor" hidden={!editor} />
      {!editor && <PlainEditor />}
    </div>
  );
}

/** The editor follows what else changes the statement, learns the tables, and shows where an error is. */
function useFollow(editor: Editor | undefined): void {
  const known = useRef<Editor | undefined>(undefined);
  known.current = editor;
  useSignalEffect(() => {
    const next = text.value;
    known.current?.setText(next);
  });
  useEffect(() => {
    editor?.setText(text.peek());
  }, [editor]);
  useEffect(() => {
    if (schema.value) editor?.setTables(schema.value.tables);
  }, [editor, schema.value]);
  useEffect(() => {
    const { problem, sql } = failure.value ?? {};
    const position = problem?.position;
    const isHere = sql !== undefined && sql === text.peek() && position !== null && position !== undefined;
    editor?.mark(isHere ? wordAt(sql, offsetOf(sql, position)) : null);
  }, [editor, failure.value]);
}

function PlainEditor() {
  return (
    <textarea
      id="plain-editor"
      aria-label="SQL statement"
      spellcheck={false}
      placeholder="SELECT …"
      value={text.value}
      onInput={({ currentTarget }) => {
        text.value = currentTarget.value;
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void run();
        if (event.key === 'Escape') leave();
      }}
    />
  );
}
