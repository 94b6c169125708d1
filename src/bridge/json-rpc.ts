/** JSON-RPC 2.0, as far as whoever passes messages on has to know it. */
import type { AuthError } from '../errors.js';
import { isObject } from '../text/json.js';
import { fromBinary, isAscii, toBinary } from '../text/binary-string.js';
import type { BinaryString } from '../effects.js';
import { maxParsedBytes, findMembers, type MemberPosition } from './large-message.js';

/** One message, and what has to be known of it. */
export interface Message {
  /** It as it came, on one line, which is how it is passed on. */
  readonly text: BinaryString;
  /** Absent for a notification. */
  readonly id?: string | number | undefined;
  /** Absent for a response. */
  readonly method?: string | undefined;
  /** Several messages in one, which MCP 2025-03-26 had. */
  readonly isBatch?: boolean;
  /** The requests among them, whose senders wait. */
  readonly requestIds?: readonly (string | number)[];
  /** What it is about: `params.name`, of a tool or a prompt, or `params.uri`. */
  readonly subject?: string | undefined;
  /** The request that a `notifications/cancelled` is about. */
  readonly cancelledId?: unknown;
  /** The version of MCP that it names itself, as from 2026-07-28 on each request does. */
  readonly protocolVersion?: string | undefined;
}

/** Where a message of MCP 2026-07-28 names its version. */
const versionKey = 'io.modelcontextprotocol/protocolVersion';

/** Whether it is a request: its sender waits. */
export function isRequest<M extends Pick<Message, 'id' | 'method'>>(message: M): message is M & { readonly id: string | number } {
  return message.id !== undefined && message.method !== undefined;
}

/** Reads a line. Undefined for what is no JSON; a batch, or anything else that we do not know, is only its text. */
export function parseMessage(line: BinaryString): Message | undefined {
  const known = inWords(line, knownOf);
  return known && Object.assign(known, { text: line });
}

/**
 * What `read` finds in some JSON. Octets are as good as text to JSON.parse for all that is ASCII, which everything is that
 * we look for, as a rule; where it is not, the text is decoded.
 */
function inWords<T extends object>(octets: BinaryString, read: (value: unknown) => T): T | undefined {
  const value = parsed(octets);
  if (value === undefined) return undefined;
  const found = read(value);
  const isDecoded = Object.values(found).every((one) => typeof one !== 'string' || isAscii(one));
  return isDecoded ? found : read(parsed(fromBinary(octets)));
}

function knownOf(value: unknown): Omit<Message, 'text'> {
  if (Array.isArray(value))
    return {
      isBatch: true,
      requestIds: value
        .map(knownOf)
        .filter(isRequest)
        .map(({ id }) => id),
    };
  if (!isObject(value)) return { isBatch: false };
  const { id, method, params } = value;
  const { name, uri, requestId: cancels, _meta: meta } = isObject(params) ? params : {};
  return {
    id: isId(id) ? id : undefined,
    method: textIn(method),
    subject: textIn(name ?? uri),
    cancelledId: cancels,
    protocolVersion: isObject(meta) ? textIn(meta[versionKey]) : undefined,
  };
}

/** The messages of a batch, one by one. */
export function parseBatch({ text }: Message): Message[] {
  const all = parsed(fromBinary(text));
  return Array.isArray(all) ? all.flatMap((one) => parseMessage(toBinary(JSON.stringify(one))) ?? []) : [];
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What came over HTTP as one line: servers may send JSON over several. Undefined for what is no JSON; what looks like it,
 * and is on one line already, is passed on unread.
 */
export function toOneLine(text: BinaryString): BinaryString | undefined {
  if (isOneLine(text)) return text;
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed)) return undefined;
  if (!/[\r\n]/.test(trimmed)) return trimmed as BinaryString;
  // Between the quotation marks of JSON there is no line end.
  if (trimmed.length > maxParsedBytes) return trimmed.replace(/[\r\n]+/g, ' ') as BinaryString;
  const value = parsed(fromBinary(trimmed));
  return value === undefined ? undefined : toBinary(JSON.stringify(value));
}

function isOneLine(text: BinaryString): boolean {
  return (text.startsWith('{') || text.startsWith('[')) && !text.includes('\n') && !text.includes('\r');
}

/**
 * Whether `text` is the answer to the request `id`. What the SDKs write is recognised by its beginning or its end: Python's
 * and most others put the id first, TypeScript's puts it last.
 */
export function isResponseTo(text: BinaryString, id: string | number): boolean {
  const about = `"jsonrpc":"2.0","id":${JSON.stringify(id)}`;
  const isFirst = text.startsWith(`{${about},"result":`);
  return isFirst || (text.startsWith('{"result":') && text.endsWith(`,${about}}`)) || parseResponseId(text) === id;
}

/**
 * The answer to the request `id` that `text` is, with the id as the request has it: servers answer "1" for 1. Undefined for
 * everything else.
 */
export function asResponseTo(text: BinaryString, id: string | number): BinaryString | undefined {
  if (isResponseTo(text, id)) return text;
  const answered = parseResponseId(text);
  if (answered === undefined || String(answered) !== String(id)) return undefined;
  if (text.length > maxParsedBytes) return withId(text, id);
  return toBinary(JSON.stringify({ ...(parsed(fromBinary(text)) as object), id }));
}

/** The id of the request that `text` is the answer to; undefined for what is no answer. */
export function parseResponseId(text: BinaryString): string | number | undefined {
  if (text.length > maxParsedBytes) return answeredByLarge(text);
  return inWords(text, (value) => (isObject(value) && typeof value['method'] !== 'string' && isId(value['id']) ? { id: value['id'] } : {}))
    ?.id;
}

/** Octets that an id has in a message which is not parsed. */
const longestId = 1000;

function answeredByLarge(text: BinaryString): string | number | undefined {
  const places = findMembers(text);
  const id = places.has('method') ? undefined : valueAt(text, places.get('id'));
  return isId(id) ? id : undefined;
}

function valueAt(text: BinaryString, { start, end }: MemberPosition = { start: 0, end: 0 }): unknown {
  return end - start > longestId ? undefined : parsed(fromBinary(text.slice(start, end)));
}

function withId(text: BinaryString, id: string | number): BinaryString {
  const { start, end } = findMembers(text).get('id') ?? { start: 0, end: 0 };
  return `${text.slice(0, start)}${toBinary(JSON.stringify(id))}${text.slice(end)}` as BinaryString;
}

/** What the bridge itself says: in the range that JSON-RPC leaves to implementations. */
export const jsonRpcErrorCodes = { failed: -32000, loginNeeded: -32001, parseError: -32700 } as const;

/** An error in answer to `id`, as one line. */
export function createErrorResponse(
  id: string | number | null,
  { code, message, data }: { code: number; message: string; data?: Readonly<Record<string, unknown>> },
): BinaryString {
  return toBinary(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, ...(data && { data }) } }));
}

/** What went wrong with a request, in answer to it. */
export function createFailureResponse(id: string | number, { code, message, hint }: AuthError): BinaryString {
  return createErrorResponse(id, {
    code: code === 'login_needed' ? jsonRpcErrorCodes.loginNeeded : jsonRpcErrorCodes.failed,
    message: [message, hint].filter(Boolean).join(' '),
    data: { code, ...(hint !== undefined && { hint }) },
  });
}
