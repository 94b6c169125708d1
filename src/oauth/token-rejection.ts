/** How an MCP server says that it rejects a token: RFC 6750 section 3.1, and the ways of servers that do not follow it. */
import { isObject, parseObject } from '../text/json.js';
import { parseChallenge } from './challenge.js';

/** A response of an MCP server, as far as it has been read. */
export interface RejectionResponse {
  readonly status: number;
  /** `WWW-Authenticate`. */
  readonly challenge: string | undefined;
  /** The body, if it has been read. */
  readonly text?: string | undefined;
}

/** Statuses with which the challenge or the body decides whether the token was rejected. */
const unclearStatuses = new Set([400, 403]);

/** Whether the body must be read to know whether the token was rejected. */
export function needsBody({ status, challenge }: RejectionResponse): boolean {
  return unclearStatuses.has(status) && parseChallenge(challenge ?? null)?.error === undefined;
}

/** Whether the token was rejected, for example because it has expired, so that a new one may help. */
export function rejectsToken({ status, challenge, text }: RejectionResponse): boolean {
  if (status === 401) return true;
  if (!unclearStatuses.has(status)) return false;
  const error = parseChallenge(challenge ?? null)?.error;
  if (error !== undefined) return tokenErrors.has(error.toLowerCase());
  return text !== undefined && saysTokenIsRejected(text);
}

const tokenErrors = new Set(['invalid_token', 'expired_token', 'token_expired', 'invalid_grant', 'unauthorized']);

/** Words about a token that is no longer valid. Not about a missing token: that is a bug of mcp-auth, and a new token does not help. */
const rejectionWords =
  /\b(access[ _-]?|bearer |auth(entication)?[ _-]?|jwt |id[ _-]?)?(token|jwt|signature|credentials?)\b.{0,40}\b(has |is |was )?(expired|invalid|revoked|not (valid|active)|no longer valid|inactive)\b|\b(expired|invalid|revoked|inactive)[ _-](access[ _-]?|bearer[ _-]?|auth[ _-]?|jwt[ _-]?)?(token|jwt)\b|\bunauthori[sz]ed\b|\bnot authenticated\b/i;

/** JSON-RPC: parse error, method not found, invalid params. Never about the token, whatever the message says. */
const unrelatedCodes = new Set([-32_700, -32_601, -32_602]);

/** Whether the body of a response, from OAuth, JSON-RPC or in plain words, says that the token is rejected. */
export function saysTokenIsRejected(text: string): boolean {
  const body = parseObject(text);
  if (body === undefined) return text.length < 1000 && rejectionWords.test(text);
  const { error } = body;
  if (typeof error === 'string') return tokenErrors.has(error.toLowerCase()) || rejectionWords.test(`${error} ${joinWords(body)}`);
  if (isObject(error)) return !unrelatedCodes.has(Number(error['code'])) && rejectionWords.test(joinWords(error));
  return rejectionWords.test(joinWords(body));
}

/** The members that contain words for people. */
function joinWords(body: Readonly<Record<string, unknown>>): string {
  const members = ['error_description', 'message', 'detail', 'title', 'code'];
  return members
    .map((name) => body[name])
    .filter((one) => typeof one === 'string')
    .join(' ');
}

/** Characters. With a longer token, the server's limit for headers is a likely cause: the smallest usual limit is 4 KiB. */
const maxUsualTokenLength = 3000;
const tooLargeStatuses = new Set([431, 494]);
const tooLargeWords = /(header|cookie|request).{0,40}too (large|long|big)|header.{0,30}(limit|exceed|size)/i;

/** Whether the server rejects the request because its headers, mostly the token, are too large. */
export function rejectsHeaderLength({ status, text = '' }: Pick<RejectionResponse, 'status' | 'text'>, token: string): boolean {
  if (tooLargeStatuses.has(status)) return true;
  return token.length > maxUsualTokenLength && [400, 413, 414].includes(status) && tooLargeWords.test(text);
}

/** Whether the length of the token may be the reason why the server closed the connection. */
export function isLongToken(token: string): boolean {
  return token.length > 2 * maxUsualTokenLength;
}

/** The message and the hint for a request that was rejected because its headers are too large. */
export function describeHeaderLengthRejection(host: string, token: string): { message: string; hint: string } {
  return {
    message: `${host} does not accept headers of this size: the access token alone has ${token.length} bytes.`,
    hint: 'A token with fewer scopes is shorter: mcp-auth login NAME --scope SCOPES. The operator of the server can also raise its limit.',
  };
}
