/** What a server answers that has lost a session: MCP "Session Management" has a 404, and servers have more. Pure. */
import { isObject, parseObject } from '../text/json.js';
import { fromBinary } from '../text/binary-string.js';
import type { BinaryString } from '../effects.js';
import { maxParsedBytes } from './large-message.js';
import { parseResponseId, isRequest, type Message } from './json-rpc.js';

/** Statuses that mean it by themselves, and those that mean it where the words do. */
const lost = new Set([404, 410]);
const perhaps = new Set([400, 403, 409, 422, 500]);

/** Whether an answer of this status has to be read to be understood. */
export function maySaySessionIsLost(status: number): boolean {
  return lost.has(status) || perhaps.has(status);
}

/** JSON-RPC's codes of what is wrong with one request, whatever its words: no such method, wrong parameters. */
const ofTheRequest = new Set([-32_601, -32_602]);

/** How servers say it: a parameter that is called `session_name` is none. */
const words =
  /\bsessions?([ _-]?id)?\b(?![_-]).{0,40}\b(not (be )?(found|exist|valid|known|recogni[sz]ed|active|initiali[sz]ed)|expired|invalid|unknown|terminated|closed|missing|required|lost|ended|gone|does(n.t| not) exist)|\b(no( valid| such)?|not a valid|invalid|unknown|expired|missing|bad|stale|unrecogni[sz]ed|terminated)\b.{0,20}\b(mcp[ _-]?)?session([ _-]?id)?\b(?![_-])|\b(server|session|connection|client)?\b.{0,20}\bnot (yet )?(been )?initiali[sz]ed\b|\buninitiali[sz]ed\b/i;

/** Whether the server says that it does not know the session, so that it has done nothing with the message. */
export function saysSessionIsLost({ status, octets, message }: { status: number; octets: BinaryString; message: Message }): boolean {
  const text = octets.length > maxParsedBytes ? octets : fromBinary(octets);
  const error = octets.length > maxParsedBytes ? undefined : parseObject(text)?.['error'];
  // An answer to this very request is one, unless it is about the session.
  const isAnswer = isObject(error) && isRequest(message) && parseResponseId(octets) === message.id;
  if (isObject(error) && ofTheRequest.has(Number(error['code'])) && (isAnswer || !lost.has(status))) return false;
  // Who fails in answer to this very request may have done what it asks for.
  if (isAnswer && status >= 500) return false;
  const said = isObject(error) ? String(error['message']) : text;
  const says = said.length < 2000 && words.test(said);
  return says || (lost.has(status) && !isAnswer);
}
