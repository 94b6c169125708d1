/** What an MCP server says of a token that it does not take: RFC 6750 section 3.1, and what servers say in its place. Pure. */
import { isObject, parseObject } from '../text/json.js';
import { parseChallenge } from './challenge.js';

/** An answer, as far as it has been read. */
export interface RejectionResponse {
  readonly status: number;
  /** `WWW-Authenticate`. */
  readonly challenge: string | undefined;
  /** Its body, where that has been read. */
  readonly text?: string | undefined;
}

/** Statuses that mean it where the words beside them do. */
const perhaps = new Set([400, 403]);

/** Whether the body of such an answer says whether it is about the token. */
export function needsBody({ status, challenge }: RejectionResponse): boolean {
  return perhaps.has(status) && parseChallenge(challenge ?? null)?.error === undefined;
}

/** Whether the token was turned away, as one that has expired or is not known, so that a new one may help. */
export function rejectsToken({ status, challenge, text }: RejectionResponse): boolean {
  if (status === 401) return true;
  if (!perhaps.has(status)) return false;
  const error = parseChallenge(challenge ?? null)?.error;
  if (error !== undefined) return tokenErrors.has(error.toLowerCase());
  return text !== undefined && saysTokenIsRejected(text);
}

const tokenErrors = new Set(['invalid_token', 'expired_token', 'token_expired', 'invalid_grant', 'unauthorized']);

/** Words about a token that is of no use any more. That one is missing is a mistake of ours, which no new one mends. */
const refusal =
  /\b(access[ _-]?|bearer |auth(entication)?[ _-]?|jwt |id[ _-]?)?(token|jwt|signature|credentials?)\b.{0,40}\b(has |is |was )?(expired|invalid|revoked|not (valid|active)|no longer valid|inactive)\b|\b(expired|invalid|revoked|inactive)[ _-](access[ _-]?|bearer[ _-]?|auth[ _-]?|jwt[ _-]?)?(token|jwt)\b|\bunauthori[sz]ed\b|\bnot authenticated\b/i;

/** JSON-RPC: no JSON, no such method, and parameters that are wrong, whatever they are called. */
const otherCodes = new Set([-32_700, -32_601, -32_602]);

/** Whether the text of an answer, of OAuth, of JSON-RPC or in plain words, says that the token is of no use. */
export function saysTokenIsRejected(text: string): boolean {
  const body = parseObject(text);
  if (body === undefined) return text.length < 1000 && refusal.test(text);
  const { error } = body;
  if (typeof error === 'string') return tokenErrors.has(error.toLowerCase()) || refusal.test(`${error} ${wordsOf(body)}`);
  if (isObject(error)) return !otherCodes.has(Number(error['code'])) && refusal.test(wordsOf(error));
  return refusal.test(wordsOf(body));
}

function wordsOf(body: Readonly<Record<string, unknown>>): string {
  const members = ['error_description', 'message', 'detail', 'title', 'code'];
  return members
    .map((name) => body[name])
    .filter((one) => typeof one === 'string')
    .join(' ');
}

/** Bytes of a token from which on a server's limit for headers is a likely reason for a refusal: the smallest usual one is 4 KiB. */
const longToken = 3000;
const tooLongStatuses = new Set([431, 494]);
const tooLongWords = /(header|cookie|request).{0,40}too (large|long|big)|header.{0,30}(limit|exceed|size)/i;

/** Whether an answer says that the headers, of which a token is most, are more than the server takes. */
export function rejectsHeaderLength({ status, text = '' }: Pick<RejectionResponse, 'status' | 'text'>, token: string): boolean {
  if (tooLongStatuses.has(status)) return true;
  return token.length > longToken && [400, 413, 414].includes(status) && tooLongWords.test(text);
}

/** Whether a connection that was closed may have been so for the length of the token. */
export function isLongToken(token: string): boolean {
  return token.length > 2 * longToken;
}

/** The sentence, and what helps. */
export function describeHeaderLengthRejection(host: string, token: string): { message: string; hint: string } {
  return {
    message: `${host} does not take headers of this length: the access token alone has ${token.length} bytes.`,
    hint: 'A token with fewer scopes is shorter: mcp-auth login NAME --scope SCOPES. The limit is the server’s own; those who run it can raise it.',
  };
}
