/** How servers say that they do not know a session. MCP ("Session Management") defines 404; servers send more. Pure. */
import type { BinaryString } from '../effects.js';
import { fromBinary } from '../text/binary-string.js';
import { isObject, parseObject } from '../text/json.js';
import { isRequest, parseResponseId, type Message } from './json-rpc.js';
import { maxParsedBytes } from './large-message.js';

/** Statuses that mean a lost session by themselves. */
const lostStatuses = new Set([404, 410]);
/** Statuses that mean a lost session only together with words about it. */
const ambiguousStatuses = new Set([400, 403, 409, 422, 500]);

/** Whether the body of a response with this status has to be read to know whether the session is lost. */
export function maySaySessionIsLost(status: number): boolean {
  return lostStatuses.has(status) || ambiguousStatuses.has(status);
}

/** JSON-RPC error codes that are about one request, whatever the message says: method not found, invalid parameters. */
const requestErrorCodes = new Set([-32_601, -32_602]);

/** Phrases that servers use. A parameter that is named `session_name` does not match. */
const lostSessionWords =
  /\bsessions?([ _-]?id)?\b(?![_-]).{0,40}\b(not (be )?(found|exist|valid|known|recogni[sz]ed|active|initiali[sz]ed)|expired|invalid|unknown|terminated|closed|missing|required|lost|ended|gone|does(n.t| not) exist)|\b(no( valid| such)?|not a valid|invalid|unknown|expired|missing|bad|stale|unrecogni[sz]ed|terminated)\b.{0,20}\b(mcp[ _-]?)?session([ _-]?id)?\b(?![_-])|\b(server|session|connection|client)?\b.{0,20}\bnot (yet )?(been )?initiali[sz]ed\b|\buninitiali[sz]ed\b/i;

/** The longest text in which these phrases are searched. */
const maxSearchedLength = 2000;

/** Whether the server says that it does not know the session, and so has not acted on the message. */
export function saysSessionIsLost({ status, body, message }: { status: number; body: BinaryString; message: Message }): boolean {
  if (body.length > maxParsedBytes) return lostStatuses.has(status);
  const text = fromBinary(body);
  const error = parseObject(text)?.['error'];
  if (!isObject(error)) return lostStatuses.has(status) || hasLostSessionWords(text);
  const isResponse = isRequest(message) && parseResponseId(body) === message.id;
  if (requestErrorCodes.has(Number(error['code'])) && (isResponse || !lostStatuses.has(status))) return false;
  // A server that fails while it processes this very request may have done what it asks for.
  if (isResponse && status >= 500) return false;
  return hasLostSessionWords(String(error['message'])) || (lostStatuses.has(status) && !isResponse);
}

function hasLostSessionWords(text: string): boolean {
  return text.length < maxSearchedLength && lostSessionWords.test(text);
}
