/**
 * Answers that real servers give and the RFCs do not allow, put right in one place before `oauth4webapi`, which is
 * exact, reads them. Each mend says who needs it; none of them makes a login less safe.
 */

import { isObject, parseObject } from '../json.js';

type Body = Record<string, unknown>;
type Mend = (body: Body) => void;

/** `client_secret` without `client_secret_expires_at`, which RFC 7591 section 3.2.1 requires: seen in the MCP conformance suite's server. */
const secretWithoutExpiry: Mend = (body) => {
  if (body['client_secret'] !== undefined && typeof body['client_secret_expires_at'] !== 'number') body['client_secret_expires_at'] = 0;
};

/** Servers that write `null`, an empty secret or an empty `error` for what they do not have. */
export const nullMembers: Mend = (body) => {
  const mayBeEmpty = ['client_secret', 'error'];
  for (const [key, value] of Object.entries(body)) {
    const empty = value === null || (mayBeEmpty.includes(key) && (value === '' || value === false));
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key of the answer
    if (empty) delete body[key];
  }
};

/** Lists that are a string, or hold what is no string. What cannot be read is as good as left out. */
const oddLists: Mend = (body) => {
  for (const key of ['grant_types', 'redirect_uris', 'response_types']) {
    const value = body[key];
    const list =
      typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key of ours, from the list above
    if (list === undefined) delete body[key];
    else body[key] = list;
  }
};

/** Members that are text and come as something else, as a `client_id` that is a number. */
const oddTexts: Mend = (body) => {
  if (typeof body['client_id'] === 'number') body['client_id'] = String(body['client_id']);
  for (const key of ['token_endpoint_auth_method', 'scope', 'client_secret']) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key of ours, from the list above
    if (typeof body[key] !== 'string') delete body[key];
  }
};

/** Where tokens are found that are not at the top: Slack's `authed_user`, and the envelopes of API frameworks. */
const envelopes = ['authed_user', 'token', 'tokens', 'data', 'result', 'response'];

/** A token inside an envelope. The whole answer is the envelope's content then, and a bearer token whatever it is called there. */
const nestedToken: Mend = (body) => {
  if (typeof body['access_token'] === 'string' && body['access_token'] !== '') return;
  const inner = envelopes.map((key) => body[key]).find((one) => isObject(one) && typeof one['access_token'] === 'string');
  if (isObject(inner)) Object.assign(body, inner, inner['token_type'] === 'dpop' ? {} : { token_type: 'bearer' });
};

/** No `token_type` beside an access token: all that left it out have meant Bearer (RFC 6749 section 5.1 requires it). */
const missingTokenType: Mend = (body) => {
  if (typeof body['access_token'] === 'string') body['token_type'] ??= 'bearer';
};

/** Slack's comma between scopes, and lists in place of text. */
const oddScope: Mend = (body) => {
  const scope = body['scope'];
  if (Array.isArray(scope)) body['scope'] = scope.filter((one) => typeof one === 'string').join(' ');
  else if (typeof scope === 'string' && !scope.includes(' ')) body['scope'] = scope.replaceAll(',', ' ');
  else if (typeof scope !== 'string') delete body['scope'];
};

/** An OpenID `id_token` says nothing to a client that wants access to an MCP server. */
const idToken: Mend = (body) => {
  delete body['id_token'];
};

/** A refresh token that is empty or no text is none. */
const oddRefreshToken: Mend = (body) => {
  if (typeof body['refresh_token'] !== 'string' || body['refresh_token'] === '') delete body['refresh_token'];
};

/** A device response without an `interval` means 5 seconds (RFC 8628 section 3.2); some write it as a string, or 0. */
const oddInterval: Mend = (body) => {
  const interval = Number(body['interval']);
  if (body['interval'] !== undefined) body['interval'] = Number.isFinite(interval) && interval >= 1 ? interval : 5;
};

/** Google's early name for `verification_uri`. */
const verificationUrl: Mend = (body) => {
  body['verification_uri'] ??= body['verification_url'];
};

/** A device response without `expires_in`, which RFC 8628 section 3.2 requires; 0 stands for what is not known. */
const unknownLife: Mend = (body) => {
  body['expires_in'] ??= 0;
};

/** `expires_in` as a string (Entra ID), 0, negative or null. Without it the life of the token is unknown, and a 401 tells. */
const oddExpiry: Mend = (body) => {
  const seconds = Number(body['expires_in']);
  if (body['expires_in'] !== undefined && !(Number.isFinite(seconds) && seconds > 0)) delete body['expires_in'];
  else if (body['expires_in'] !== undefined) body['expires_in'] = seconds;
};

export const registrationMends: Mend[] = [nullMembers, secretWithoutExpiry, oddLists, oddTexts];
export const tokenMends: Mend[] = [nullMembers, nestedToken, missingTokenType, idToken, oddRefreshToken, oddScope, oddExpiry];
export const deviceMends: Mend[] = [nullMembers, verificationUrl, oddInterval, oddExpiry, unknownLife];
export const pushMends: Mend[] = [nullMembers, oddExpiry, unknownLife];

/**
 * The same response with `mends` applied to its JSON, and, if it is a success, with the status that the RFC names. An
 * error that hides in a success, in other words than JSON, or in nothing but a status, becomes one as the RFC has it.
 */
export async function mended(response: Response, { mends, status }: { mends: Mend[]; status: number }): Promise<Response> {
  const text = await response.text();
  const headers = new Headers(response.headers);
  const body = parseBody(text, headers.get('content-type') ?? '');
  if (body === undefined && response.ok) return new Response(text, { status, headers });
  const answer = body ?? refusalInWords(text, { status: response.status, headers });
  for (const mend of mends) mend(answer);
  const failed = !response.ok || hidesAnError(answer);
  if (failed) mendError(answer);
  headers.set('content-type', 'application/json');
  // The body's own error says more than a challenge, which oauth4webapi would read first.
  if (typeof answer['error'] === 'string') headers.delete('www-authenticate');
  return new Response(JSON.stringify(answer), { status: failed ? failureStatus(response) : status, headers });
}

/** A 304 answers nothing that was asked, and allows no body. */
function failureStatus({ ok, status }: Response): number {
  return ok ? 400 : status === 304 ? 500 : status;
}

/** JSON, or the form encoding that GitHub and others of its time answer in. */
function parseBody(text: string, contentType: string): Body | undefined {
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  return parseObject(text);
}

/** A 401 that says nothing means what RFC 6749 section 5.2 has it say; plain words are the server's reason, a page is not. */
function refusalInWords(text: string, { status, headers }: { status: number; headers: Headers }): Body {
  const words = /^\s*</.test(text) ? '' : text.trim();
  if (words === '' && headers.has('www-authenticate')) return {};
  if (status === 401) return { error: 'invalid_client', error_description: words || 'HTTP status 401' };
  return words === '' ? {} : { error: `status ${status}`, error_description: words };
}

/** What a success is asked for, whichever it is. */
const successes = ['access_token', 'client_id', 'device_code', 'request_uri'];

/** Slack's `ok: false`, GitHub's 200 with an `error`: no success without what it is asked for. */
function hidesAnError(body: Body): boolean {
  return body['ok'] === false || (body['error'] !== undefined && !successes.some((key) => typeof body[key] === 'string'));
}

/** `error` as an object, or under a name of the server's own. */
function mendError(body: Body): void {
  const { error } = body;
  if (isObject(error)) {
    body['error_description'] ??= error['message'] ?? error['error_description'];
    body['error'] = error['code'] ?? error['type'] ?? error['error'];
  }
  if (body['ok'] === false) body['error'] ??= 'not ok';
  if (typeof body['error'] === 'number') body['error'] = String(body['error']);
  body['error_description'] ??= body['message'];
  if (typeof body['error'] !== 'string' && typeof body['error_description'] === 'string') body['error'] = 'unnamed error';
  if (typeof body['error'] !== 'string') delete body['error'];
  if (typeof body['error_description'] !== 'string') delete body['error_description'];
}
