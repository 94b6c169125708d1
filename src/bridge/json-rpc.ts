/** JSON-RPC 2.0, as far as a program that passes messages on has to know it. */
import type { BinaryString } from '../effects.js';
import type { AuthError } from '../errors.js';
import { fromBinary, isAscii, toBinary } from '../text/binary-string.js';
import { isObject } from '../text/json.js';
import { findMembers, maxParsedBytes, type MemberPosition } from './large-message.js';

/** A message of the app, with the members that the bridge needs. */
export interface Message {
  /** The message as it arrived, on one line. It is passed on unchanged. */
  readonly text: BinaryString;
  /** Absent for a notification. */
  readonly id?: string | number | undefined;
  /** Absent for a response. */
  readonly method?: string | undefined;
  /** Whether the text is an array of messages (MCP 2025-03-26 only). */
  readonly isBatch?: boolean;
  /** The ids of the requests in a batch. */
  readonly requestIds?: readonly (string | number)[];
  /** The tool or prompt (`params.name`) or resource (`params.uri`) that a request is about. */
  readonly subject?: string | undefined;
  /** The id of the request that a `notifications/cancelled` cancels. */
  readonly cancelledId?: unknown;
  /** The MCP version that the message itself states, as every request does as of 2026-07-28. */
  readonly protocolVersion?: string | undefined;
}

/** A request, whose sender waits for a response. */
export type RequestMessage = Message & { readonly id: string | number };

/** The member of `params._meta` in which a message of MCP 2026-07-28 states its version. */
const versionKey = 'io.modelcontextprotocol/protocolVersion';

/** Whether the sender of a message waits for a response. */
export function isRequest<M extends Pick<Message, 'id' | 'method'>>(message: M): message is M & { readonly id: string | number } {
  return message.id !== undefined && message.method !== undefined;
}

const ownIdPrefix = 'mcp-auth-';

/** The id of a request of the bridge itself: to the server, or to the app. */
export function createOwnId(name: string): string {
  return `${ownIdPrefix}${name}`;
}

export function isOwnId(id: unknown): boolean {
  return typeof id === 'string' && id.startsWith(ownIdPrefix);
}

/** The ids of all requests in a message. */
export function listRequestIds(message: Message): readonly (string | number)[] {
  return isRequest(message) ? [message.id] : (message.requestIds ?? []);
}

/** Reads a line. Undefined if it is not JSON. Of a batch and of unknown JSON, only little more than the text is known. */
export function parseMessage(line: BinaryString): Message | undefined {
  const members = readMembers(line, selectMembers);
  return members && Object.assign(members, { text: line });
}

/**
 * Returns what `select` finds in a JSON text. JSON.parse handles a binary string like text as long as the values found are
 * ASCII, as they nearly always are. Otherwise the text is decoded and parsed again.
 */
function readMembers<T extends object>(text: BinaryString, select: (value: unknown) => T): T | undefined {
  const value = tryParse(text);
  if (value === undefined) return undefined;
  const members = select(value);
  const isDecoded = Object.values(members).every((one) => typeof one !== 'string' || isAscii(one));
  return isDecoded ? members : select(tryParse(fromBinary(text)));
}

function selectMembers(value: unknown): Omit<Message, 'text'> {
  if (Array.isArray(value)) {
    const requests = value.map(selectMembers).filter(isRequest);
    return { isBatch: true, requestIds: requests.map(({ id }) => id) };
  }
  if (!isObject(value)) return { isBatch: false };
  const { id, method, params } = value;
  const { name, uri, requestId: cancelledId, _meta: meta } = isObject(params) ? params : {};
  return {
    id: isId(id) ? id : undefined,
    method: asString(method),
    subject: asString(name ?? uri),
    cancelledId,
    protocolVersion: isObject(meta) ? asString(meta[versionKey]) : undefined,
  };
}

/** The messages of a batch, each by itself. */
export function parseBatch({ text }: Message): Message[] {
  const values = tryParse(fromBinary(text));
  return Array.isArray(values) ? values.flatMap((one) => parseMessage(toBinary(JSON.stringify(one))) ?? []) : [];
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * A response body as one line, since servers may send JSON over several lines. Undefined if it is not JSON. A text that starts
 * like JSON and is on one line already is returned without being parsed.
 */
export function toOneLine(text: BinaryString): BinaryString | undefined {
  if (isOnOneLine(text)) return text;
  const trimmed = text.trim();
  if (!/^[{[]/.test(trimmed)) return undefined;
  if (!/[\r\n]/.test(trimmed)) return trimmed as BinaryString;
  // JSON strings cannot contain a line end, so line ends can be replaced without parsing.
  if (trimmed.length > maxParsedBytes) return trimmed.replace(/[\r\n]+/g, ' ') as BinaryString;
  const value = tryParse(fromBinary(trimmed));
  return value === undefined ? undefined : toBinary(JSON.stringify(value));
}

function isOnOneLine(text: BinaryString): boolean {
  return (text.startsWith('{') || text.startsWith('[')) && !text.includes('\n') && !text.includes('\r');
}

/**
 * Whether `text` is the response to the request `id`. Most responses are recognised by their first or last members: TypeScript's
 * SDK writes the id last, Python's and most others write it first. For a response of 100 kB this takes 10 µs of CPU time instead
 * of 50 to 190 µs for parsing it, of about 1.1 ms in total. For one of 200 B there is no difference.
 */
export function isResponseTo(text: BinaryString, id: string | number): boolean {
  const members = `"jsonrpc":"2.0","id":${JSON.stringify(id)}`;
  const isFirst = text.startsWith(`{${members},"result":`);
  return isFirst || (text.startsWith('{"result":') && text.endsWith(`,${members}}`)) || parseResponseId(text) === id;
}

/**
 * `text` if it is the response to the request `id`, with the id as the request has it: some servers respond with "1" to 1.
 * Undefined if it is anything else.
 */
export function asResponseTo(text: BinaryString, id: string | number): BinaryString | undefined {
  if (isResponseTo(text, id)) return text;
  const responseId = parseResponseId(text);
  if (responseId === undefined || String(responseId) !== String(id)) return undefined;
  if (text.length > maxParsedBytes) return replaceId(text, id);
  return toBinary(JSON.stringify({ ...(tryParse(fromBinary(text)) as object), id }));
}

/** The id of the request that `text` is the response to. Undefined if `text` is not a response. */
export function parseResponseId(text: BinaryString): string | number | undefined {
  if (text.length > maxParsedBytes) return findResponseId(text);
  return readMembers(text, (value) => {
    const isResponse = isObject(value) && typeof value['method'] !== 'string' && isId(value['id']);
    return isResponse ? { id: value['id'] as string | number } : {};
  })?.id;
}

/** The longest id that is read from a message that is not parsed. */
const maxIdLength = 1000;

function findResponseId(text: BinaryString): string | number | undefined {
  const members = findMembers(text);
  const id = members.has('method') ? undefined : parseValueAt(text, members.get('id'));
  return isId(id) ? id : undefined;
}

function parseValueAt(text: BinaryString, { start, end }: MemberPosition = { start: 0, end: 0 }): unknown {
  return end - start > maxIdLength ? undefined : tryParse(fromBinary(text.slice(start, end)));
}

function replaceId(text: BinaryString, id: string | number): BinaryString {
  const { start, end } = findMembers(text).get('id') ?? { start: 0, end: 0 };
  return `${text.slice(0, start)}${toBinary(JSON.stringify(id))}${text.slice(end)}` as BinaryString;
}

/** Errors of the bridge itself, in the range that JSON-RPC reserves for implementations, and codes of JSON-RPC and MCP. */
export const jsonRpcErrorCodes = {
  ...{ failed: -32000, loginNeeded: -32001, parseError: -32700, methodNotFound: -32601 },
  /** MCP 2025-11-25: the user has to open a URL first. */
  urlElicitationRequired: -32042,
} as const;

/** A request of the bridge itself. */
export function createRequest(id: string, method: string, params: object): RequestMessage {
  return { id, method, text: format({ id, method, params }) };
}

/** A notification, as one line. */
export function createNotification(method: string, params?: object): BinaryString {
  return format({ method, ...(params && { params }) });
}

/** The response to the request `id`, as one line. */
export function createResponse(id: string | number, result: object): BinaryString {
  return format({ id, result });
}

function format(members: object): BinaryString {
  return toBinary(JSON.stringify({ jsonrpc: '2.0', ...members }));
}

/** An error response to the request `id`, as one line. */
export function createErrorResponse(
  id: string | number | null,
  { code, message, data }: { code: number; message: string; data?: Readonly<Record<string, unknown>> },
): BinaryString {
  return format({ id, error: { code, message, ...(data && { data }) } });
}

/**
 * The response to a request that failed with an AuthError: its message and hint for the user, its code in `data`.
 *
 * @param text in place of the message and the hint.
 */
export function createFailureResponse(id: string | number, { code, message, hint }: AuthError, text?: string): BinaryString {
  return createErrorResponse(id, {
    code: code === 'login_needed' ? jsonRpcErrorCodes.loginNeeded : jsonRpcErrorCodes.failed,
    message: text ?? [message, hint].filter(Boolean).join(' '),
    data: { code, ...(hint !== undefined && { hint }) },
  });
}
