/** JSON-RPC 2.0, as far as whoever passes messages on has to know it. */
import { isObject } from '../json.js';

/** One message, as it came. Its text is passed on as it is. */
export interface Message {
  /** On one line. */
  readonly text: string;
  /** Absent for a notification. */
  readonly id?: string | number;
  /** Absent for a response. */
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Several messages in one, which MCP 2025-03-26 had. */
  readonly isBatch?: boolean;
}

/** Whether it is a request: its sender waits. */
export function wantsAnswer(message: Message): message is Message & { readonly id: string | number } {
  return message.id !== undefined && message.method !== undefined;
}

/** Reads a line. Undefined for what is no JSON; a batch, or anything else that we do not know, is only its text. */
export function parseMessage(line: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const text = line.trim();
  if (!isObject(value)) return { text, ...(Array.isArray(value) && { isBatch: true }) };
  const { id, method, params } = value;
  return {
    text,
    ...((typeof id === 'string' || typeof id === 'number') && { id }),
    ...(typeof method === 'string' && { method }),
    ...(isObject(params) && { params }),
  };
}

/** What JSON has nowhere but between its parts. */
// eslint-disable-next-line no-control-regex -- that is what is looked for
const control = /[\u0000-\u001f]/;

/**
 * What came over HTTP as one line: servers may send JSON over several. Undefined for what is no JSON; what looks like it,
 * and is on one line already, is passed on unread.
 */
export function onOneLine(text: string): string | undefined {
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed)) return undefined;
  if (!control.test(trimmed)) return trimmed;
  try {
    return JSON.stringify(JSON.parse(trimmed));
  } catch {
    return undefined;
  }
}

/** Whether `text` is the answer to the request `id`. */
export function answers(text: string, id: string | number): boolean {
  const message = parseMessage(text);
  return message?.id === id && message.method === undefined;
}

/** What the bridge itself says: in the range that JSON-RPC leaves to implementations. */
export const errorCodes = { failed: -32000, loginNeeded: -32001, parseError: -32700 } as const;

/** An error in answer to `id`, as one line. */
export function errorAnswer(
  id: string | number | null,
  { code, message, data }: { code: number; message: string; data?: Readonly<Record<string, unknown>> },
): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } });
}
