/**
 * Answers that real servers give and the RFCs do not allow, put right in one place before `oauth4webapi`, which is
 * exact, reads them. Each mend says who needs it; none of them makes a login less safe.
 */

import { isObject, parseObject } from '../text/json.js';

type Body = Record<string, unknown>;
type Mend = (body: Body) => void;

/** `client_secret` without `client_secret_expires_at`, which RFC 7591 section 3.2.1 requires: seen in the MCP conformance suite's server. */
const secretWithoutExpiry: Mend = (body) => {
  if (body['client_secret'] !== undefined && typeof body['client_secret_expires_at'] !== 'number') body['client_secret_expires_at'] = 0;
};

/** Servers that write `null`, an empty secret or an empty `error` for what they do not have. */
export const removeEmptyMembers: Mend = (body) => {
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

/** Where tokens are found that are not at the top: Slack's `authed_user`, and the envelopes of API frameworks, which may hold each other. */
const envelopes = ['authed_user', 'token', 'tokens', 'data', 'result', 'response', 'payload', 'body', 'content', 'oauth', 'credentials'];
/** How deep an envelope may lie in others. */
const deepestEnvelope = 3;

/** A token inside an envelope. The whole answer is the envelope's content then, and a bearer token whatever it is called there. */
const nestedToken: Mend = (body) => {
  // What stands in a refusal may be what was sent.
  if (hasToken(body) || typeof body['error'] === 'string' || body['ok'] === false) return;
  const inner = tokenIn(body, deepestEnvelope);
  if (inner !== undefined) Object.assign(body, inner, inner['token_type'] === 'dpop' ? {} : { token_type: 'bearer' });
};

function hasToken(body: Body): boolean {
  return typeof body['access_token'] === 'string' && body['access_token'] !== '';
}

function tokenIn(body: Body, levels: number): Body | undefined {
  const inside = envelopes.map((key) => ownObject(body[key])).filter((one) => one !== undefined);
  for (const one of inside) camelCase(one);
  const found = inside.find(hasToken);
  if (found !== undefined || levels === 1) return found;
  for (const one of inside) {
    const deeper = tokenIn(one, levels - 1);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

/** An object, the first of a list of them, or one that stands in a text. */
function ownObject(value: unknown): Body | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  if (isObject(one)) return one;
  return typeof one === 'string' && /^\s*\{/.test(one) ? parseObject(one) : undefined;
}

/** Frameworks that write every member in camel case, as `accessToken`. */
const camelCase: Mend = (body) => {
  const names = [
    'access_token',
    'refresh_token',
    'token_type',
    'expires_in',
    'device_code',
    'user_code',
    'verification_uri',
    'client_id',
    'client_secret',
  ];
  for (const name of names) body[name] ??= body[name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];
  for (const name of names) if (body[name] === undefined) Reflect.deleteProperty(body, name);
};

/** What is by definition no bearer token: RFC 8693 section 2.2.1 `N_A`, MAC tokens, and one that is bound to a key. */
const otherTypes = new Set(['dpop', 'mac', 'pop', 'n_a', 'na']);

/**
 * No `token_type` beside an access token, or one in a vendor's words, as “user”, “bot” (Slack), “BearerToken” (Apigee), “JWT”,
 * “access_token”: all of them have meant Bearer (RFC 6749 section 5.1 requires that word).
 */
const vendorTokenType: Mend = (body) => {
  if (typeof body['access_token'] !== 'string') return;
  const type = typeof body['token_type'] === 'string' ? body['token_type'].trim().toLowerCase() : '';
  body['token_type'] = otherTypes.has(type) ? type : 'bearer';
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

/** `expires_in` as a string (Entra ID), with a unit (“3600s”), 0, negative or null. Without it the life of the token is unknown, and a 401 tells. */
const oddExpiry: Mend = (body) => {
  const value = body['expires_in'];
  const seconds = Number(typeof value === 'string' ? value.trim().replace(/ ?s(ec(onds)?)?$/i, '') : value);
  if (body['expires_in'] !== undefined && !(Number.isFinite(seconds) && seconds > 0)) delete body['expires_in'];
  else if (body['expires_in'] !== undefined) body['expires_in'] = seconds;
};

export const registrationNormalisations: Mend[] = [removeEmptyMembers, camelCase, secretWithoutExpiry, oddLists, oddTexts];
export const tokenNormalisations: Mend[] = [
  removeEmptyMembers,
  camelCase,
  nestedToken,
  vendorTokenType,
  idToken,
  oddRefreshToken,
  oddScope,
  oddExpiry,
];
export const deviceNormalisations: Mend[] = [removeEmptyMembers, camelCase, verificationUrl, oddInterval, oddExpiry, unknownLife];
export const pushedAuthorizationNormalisations: Mend[] = [removeEmptyMembers, oddExpiry, unknownLife];

/** The status with which the server answered, where `mended` has changed it. */
const statuses = new WeakMap<Response, number>();

/** The status with which a server gave an answer that has been mended. */
export function getOriginalStatus(response: Response): number {
  return statuses.get(response) ?? response.status;
}

/**
 * The same response with `mends` applied to its JSON, and, if it is a success, with the status that the RFC names. An
 * error that hides in a success, in a failure of the server, in other words than JSON, or in nothing but a status, becomes one
 * as the RFC has it.
 */
export async function normaliseResponse(response: Response, { mends, status }: { mends: Mend[]; status: number }): Promise<Response> {
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
  const isTold = typeof answer['error'] === 'string';
  if (isTold) headers.delete('www-authenticate');
  const mendedResponse = new Response(JSON.stringify(answer), { status: failed ? failureStatus(response, isTold) : status, headers });
  statuses.set(mendedResponse, response.status);
  return mendedResponse;
}

/** A 304 answers nothing that was asked, and allows no body. oauth4webapi reads the error of a 4xx only. */
function failureStatus({ ok, status }: Response, isTold: boolean): number {
  if (ok || (isTold && status >= 500)) return 400;
  return status === 304 ? 500 : status;
}

/** JSON, also as a text in JSON, or the form encoding that GitHub and others of its time answer in, whatever they call it. */
function parseBody(text: string, contentType: string): Body | undefined {
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  const bare = text.replace(/^\ufeff/, '').trim();
  // In two steps, each of which reads the text once: a server chooses how long it is.
  const isForm =
    /^[\w.]+=[^\s<]*$/.test(bare) && /^(access_token|error|device_code|oauth_token)=|&(access_token|error|device_code)=/.test(bare);
  if (isForm) return Object.fromEntries(new URLSearchParams(bare));
  return parseObject(bare) ?? parseObject(textIn(bare));
}

/** The text of a JSON string, as of frameworks that encode what is encoded already. */
function textIn(json: string): string {
  try {
    const value: unknown = json.startsWith('"') ? JSON.parse(json) : undefined;
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
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

/** Where servers have the name of an error, and its words, in place of `error` and `error_description`. */
const errorNames = ['code', 'error_code', 'errorCode', 'error', 'type', 'name', 'status', 'title'];
const errorWords = ['error_description', 'message', 'error_message', 'errorMessage', 'msg', 'detail', 'description', 'reason'];

/** `error` as an object or a list, under a name of the server's own, or in another spelling than the RFCs'. */
function mendError(body: Body): void {
  const { error, errors } = body;
  const inner = [error, errors].map((one): unknown => (Array.isArray(one) ? one[0] : one)).find(isObject);
  if (inner !== undefined) {
    body['error_description'] ??= firstText(inner, errorWords);
    body['error'] = firstText(inner, errorNames);
  }
  if (body['ok'] === false) body['error'] ??= 'not ok';
  if (typeof body['error'] === 'number') body['error'] = String(body['error']);
  body['error_description'] ??= firstText(body, errorWords);
  // HubSpot: the name is in `status`, in capitals.
  if (typeof body['error'] !== 'string') body['error'] = errorNames.map((name) => body[name]).find(isErrorName);
  if (typeof body['error'] !== 'string' && typeof body['error_description'] === 'string') body['error'] = 'unnamed error';
  if (typeof body['error'] !== 'string') delete body['error'];
  else body['error'] = asSpelled(body['error']);
  if (typeof body['error_description'] !== 'string') delete body['error_description'];
}

function firstText(body: Body, names: readonly string[]): string | undefined {
  const value = names.map((name) => body[name]).find((one) => (typeof one === 'string' && one !== '') || typeof one === 'number');
  return typeof value === 'number' ? String(value) : (value as string | undefined);
}

/** A word with an underscore, as all names of errors are; `status: "error"` is none. */
function isErrorName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z]+([_-][A-Za-z]+)+$/.test(value);
}

/** The names of RFC 6749, 6750, 7009, 7591, 8628 and 8707, and of OpenID Connect: a server may write them in another case, or with spaces. */
const names = new Set(
  `invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type unsupported_response_type invalid_scope
  access_denied server_error temporarily_unavailable invalid_token insufficient_scope unsupported_token_type invalid_redirect_uri
  invalid_client_metadata invalid_software_statement authorization_pending slow_down expired_token invalid_target
  login_required interaction_required consent_required use_dpop_nonce`.split(/\s+/),
);

function asSpelled(error: string): string {
  const plain = error
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase();
  return names.has(plain) ? plain : error.trim();
}

/** Whether an error is one of the RFCs' own, so that it says what is wrong whatever status it comes with. */
export function isStandardError(error: string): boolean {
  return names.has(error);
}
