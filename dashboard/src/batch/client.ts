// Asks the batch worker, and takes apart what it answers.

import { root } from '../pages';
import type { Answer, BatchStatus, Problem, Question, Schema } from './contract';

/** So many rows are shown; a file may have more. */
export const ROWS_MAX = 10_000;
const JSON_TYPE = 'application/json';
const BROKE_OFF = 'The answer broke off before its end.';

/** The worker, or the server in front of it, answers no. */
export class Refusal extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.title);
    this.status = status;
    this.problem = problem;
  }

  /** There is no worker, or it starts just now. */
  get isAway(): boolean {
    return this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** An answer and how large it was. */
export interface Received {
  answer: Answer;
  bytes: number;
}

/** Asks a statement. `onBytes` is told how much has come so far. */
export async function ask(
  question: Question,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Received> {
  const response = await post({ ...question, limit: ROWS_MAX }, JSON_TYPE, signal);
  const { text, bytes } = await textOf(response, onBytes);
  return { answer: answerOf(text), bytes };
}

/** The answer as a file of that type. */
export async function askFile(question: Question, type: string, signal: AbortSignal): Promise<Blob> {
  const response = await post(question, type, signal);
  return response.blob();
}

export async function askBoard(name: string, query: string, signal: AbortSignal): Promise<Answer> {
  const response = await accepted(
    await fetch(`${root}api/v1/boards/${encodeURIComponent(name)}${query}`, { signal }),
  );
  return answerOf(await response.text());
}

/** Asks for the report of this address, as a program that can be told why there is none. */
export async function askReport(signal: AbortSignal): Promise<void> {
  const headers = { accept: 'application/problem+json' };
  const response = await accepted(await fetch(location.href, { headers, signal }));
  await response.body?.cancel();
}

export async function askSchema(signal: AbortSignal): Promise<Schema> {
  return (await accepted(await fetch(`${root}api/v1/sql/schema`, { signal }))).json();
}

export async function askBatchStatus(signal: AbortSignal): Promise<BatchStatus> {
  return (await accepted(await fetch(`${root}api/v1/batch`, { signal }))).json();
}

/** What the server says at an address below `api/v1/`. */
export async function askJson<T>(path: string, signal: AbortSignal): Promise<T> {
  return (await accepted(await fetch(`${root}api/v1/${path}`, { signal }))).json();
}

async function post(body: unknown, type: string, signal: AbortSignal): Promise<Response> {
  const headers = { 'content-type': JSON_TYPE, accept: type };
  return accepted(
    await fetch(`${root}api/v1/sql`, { method: 'POST', headers, body: JSON.stringify(body), signal }),
  );
}

/** The answer of a server that does not refuse. */
export async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response;
  const told: Partial<Problem> & { error?: string } = await response.json().catch(() => ({}));
  const title = told.title ?? told.error ?? `the server answers ${response.status}`;
  throw new Refusal(response.status, { ...told, title });
}

async function textOf(response: Response, onBytes: (bytes: number) => void) {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      bytes += part.value.length;
      text += decoder.decode(part.value, { stream: true });
      onBytes(bytes);
    }
  } catch (error) {
    // Once rows have gone out, a server can only cut the connection.
    throw error instanceof TypeError ? new Error(BROKE_OFF) : error;
  }
  return { text: text + decoder.decode(), bytes };
}

/** Rows are streamed, so an answer that ends too early is one that failed on the way. */
export function answerOf(text: string): Answer {
  let answer: Partial<Answer>;
  try {
    answer = JSON.parse(text, exact);
  } catch {
    throw new Error(BROKE_OFF);
  }
  const { columns, rows } = answer;
  if (!Array.isArray(columns) || !Array.isArray(rows)) throw new Error('The answer is not a table.');
  return {
    columns,
    rows,
    truncated: answer.truncated ?? false,
    row_count: answer.row_count ?? rows.length,
    elapsed_ms: answer.elapsed_ms ?? 0,
    bytes_read: answer.bytes_read ?? null,
    as_of: answer.as_of ?? null,
  };
}

/** A whole number that JavaScript would round stays as it was written. */
function exact(_: string, value: unknown, context?: { source?: string }): unknown {
  const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isRounded && context?.source ? context.source : value;
}
