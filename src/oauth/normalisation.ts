/**
 * Responses of real servers that break an RFC, normalised before `oauth4webapi` reads them strictly. Each normalisation says which
 * server needs it. None of them makes a login less safe.
 */

import { isObject, parseObject } from '../text/json.js';

type Body = Record<string, unknown>;
/** Changes a response body in place. */
type Normalisation = (body: Body) => void;

/** `client_secret` without `client_secret_expires_at`, which RFC 7591 section 3.2.1 requires: the MCP conformance suite, jitsucom/jitsu#1430. */
const addSecretExpiry: Normalisation = (body) => {
  if (body['client_secret'] !== undefined && typeof body['client_secret_expires_at'] !== 'number') body['client_secret_expires_at'] = 0;
};

/** `null`, an empty secret or an empty `error` instead of no member: open-orbis/open-orbis#425, sigbit/mcp-auth-proxy#173. */
export const removeEmptyMembers: Normalisation = (body) => {
  const mayBeEmpty = ['client_secret', 'error'];
  for (const [key, value] of Object.entries(body)) {
    const isEmpty = value === null || (mayBeEmpty.includes(key) && (value === '' || value === false));
    if (isEmpty) Reflect.deleteProperty(body, key);
  }
};

/** Lists that are a string, or that contain values other than strings. A list that cannot be read is removed. */
const normaliseLists: Normalisation = (body) => {
  for (const key of ['grant_types', 'redirect_uris', 'response_types']) {
    const value = body[key];
    if (typeof value === 'string') body[key] = value.split(' ');
    else if (Array.isArray(value)) body[key] = value.filter((one) => typeof one === 'string');
    else Reflect.deleteProperty(body, key);
  }
};

/** Strings that are written as another type, for example a `client_id` that is a number. */
const normaliseStrings: Normalisation = (body) => {
  if (typeof body['client_id'] === 'number') body['client_id'] = String(body['client_id']);
  for (const key of ['token_endpoint_auth_method', 'scope', 'client_secret']) {
    if (typeof body[key] !== 'string') Reflect.deleteProperty(body, key);
  }
};

/** Members that contain the tokens: Slack's `authed_user` (valon-technologies/gestalt#384), and the envelopes of API frameworks, which may be nested. */
const envelopeNames = [
  'authed_user',
  'token',
  'tokens',
  'data',
  'result',
  'response',
  'payload',
  'body',
  'content',
  'oauth',
  'credentials',
];
/** Envelopes that are searched inside each other. */
const maxEnvelopeDepth = 3;

/** A token inside an envelope. The members of the envelope move to the top level; the type of the token is then bearer. */
const unwrapToken: Normalisation = (body) => {
  // A token inside an error response may be the one that was sent.
  if (hasToken(body) || typeof body['error'] === 'string' || body['ok'] === false) return;
  const inner = findToken(body, maxEnvelopeDepth);
  if (inner !== undefined) Object.assign(body, inner, inner['token_type'] === 'dpop' ? {} : { token_type: 'bearer' });
};

function hasToken(body: Body): boolean {
  return typeof body['access_token'] === 'string' && body['access_token'] !== '';
}

/** The envelope with a token, searched level by level. */
function findToken(body: Body, levels: number): Body | undefined {
  const inside = envelopeNames.map((key) => readObject(body[key])).filter((one) => one !== undefined);
  for (const one of inside) readCamelCase(one);
  const found = inside.find(hasToken);
  if (found !== undefined || levels === 1) return found;
  for (const one of inside) {
    const deeper = findToken(one, levels - 1);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

/** An object, the first object of a list, or an object that is written as a JSON string. */
function readObject(value: unknown): Body | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  if (isObject(one)) return one;
  return typeof one === 'string' && /^\s*\{/.test(one) ? parseObject(one) : undefined;
}

/** Members in camel case, for example `accessToken`: micronaut-projects/micronaut-core#607. */
const readCamelCase: Normalisation = (body) => {
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

/** Token types that are never bearer tokens: DPoP and other proof-of-possession tokens, MAC tokens, and `N_A` of RFC 8693 section 2.2.1. */
const nonBearerTypes = new Set(['dpop', 'mac', 'pop', 'n_a', 'na']);

/**
 * An access token without a `token_type`, or with a vendor's own: “user” and “bot” (Slack), “BearerToken” (Apigee), “JWT”,
 * “access_token”. All of them mean Bearer; RFC 6749 section 5.1 requires that word.
 */
const normaliseTokenType: Normalisation = (body) => {
  if (typeof body['access_token'] !== 'string') return;
  const type = typeof body['token_type'] === 'string' ? body['token_type'].trim().toLowerCase() : '';
  body['token_type'] = nonBearerTypes.has(type) ? type : 'bearer';
};

/** Scopes that are separated by commas (Slack), or written as a list. */
const normaliseScope: Normalisation = (body) => {
  const scope = body['scope'];
  if (Array.isArray(scope)) body['scope'] = scope.filter((one) => typeof one === 'string').join(' ');
  else if (typeof scope === 'string' && !scope.includes(' ')) body['scope'] = scope.replaceAll(',', ' ');
  else if (typeof scope !== 'string') delete body['scope'];
};

/** An OpenID `id_token` is of no use to a client that wants access to an MCP server, and its checks could only fail. */
const removeIdToken: Normalisation = (body) => {
  delete body['id_token'];
};

/** A refresh token that is empty or not a string. */
const removeInvalidRefreshToken: Normalisation = (body) => {
  if (typeof body['refresh_token'] !== 'string' || body['refresh_token'] === '') delete body['refresh_token'];
};

/** A device response whose `interval` is a string or 0. RFC 8628 section 3.2: without an interval it is 5 seconds. */
const normaliseInterval: Normalisation = (body) => {
  const interval = Number(body['interval']);
  if (body['interval'] !== undefined) body['interval'] = Number.isFinite(interval) && interval >= 1 ? interval : 5;
};

/** Google's early name for `verification_uri`: int128/kubelogin#846. */
const readVerificationUrl: Normalisation = (body) => {
  body['verification_uri'] ??= body['verification_url'];
};

/** A device response without `expires_in`, which RFC 8628 section 3.2 requires. 0 means unknown. */
const addUnknownLifetime: Normalisation = (body) => {
  body['expires_in'] ??= 0;
};

/**
 * `expires_in` as a string (Entra ID: modelcontextprotocol/typescript-sdk#1111; SAP: punkpeye/fastmcp#237), with a unit (“3600s”), 0
 * or negative. Without it, the lifetime of the token is unknown until the server answers 401.
 */
const normaliseExpiry: Normalisation = (body) => {
  const value = body['expires_in'];
  if (value === undefined) return;
  const seconds = Number(typeof value === 'string' ? value.trim().replace(/ ?s(ec(onds)?)?$/i, '') : value);
  if (Number.isFinite(seconds) && seconds > 0) body['expires_in'] = seconds;
  else delete body['expires_in'];
};

export const registrationNormalisations: Normalisation[] = [
  removeEmptyMembers,
  readCamelCase,
  addSecretExpiry,
  normaliseLists,
  normaliseStrings,
];
export const tokenNormalisations: Normalisation[] = [
  removeEmptyMembers,
  readCamelCase,
  unwrapToken,
  normaliseTokenType,
  removeIdToken,
  removeInvalidRefreshToken,
  normaliseScope,
  normaliseExpiry,
];
export const deviceNormalisations: Normalisation[] = [
  removeEmptyMembers,
  readCamelCase,
  readVerificationUrl,
  normaliseInterval,
  normaliseExpiry,
  addUnknownLifetime,
];
export const pushedAuthorizationNormalisations: Normalisation[] = [removeEmptyMembers, normaliseExpiry, addUnknownLifetime];

/** The original status of each response that `normaliseResponse` has created. */
const originalStatuses = new WeakMap<Response, number>();

/** The status that the server sent, also for a response whose status `normaliseResponse` has changed. */
export function getOriginalStatus(response: Response): number {
  return originalStatuses.get(response) ?? response.status;
}

/**
 * Apply the normalisations to the JSON of a response. A success gets `status`, the one that the RFC names. An error that is hidden
 * in a success, in a failure of the server, in plain words or in the status alone becomes an error response of RFC 6749
 * section 5.2.
 */
export async function normaliseResponse(
  response: Response,
  { normalisations, status }: { normalisations: Normalisation[]; status: number },
): Promise<Response> {
  const text = await response.text();
  const headers = new Headers(response.headers);
  const parsed = parseBody(text, headers.get('content-type') ?? '');
  if (parsed === undefined && response.ok) return new Response(text, { status, headers });
  const body = parsed ?? parseWordsOfError(text, { status: response.status, headers });
  for (const normalise of normalisations) normalise(body);
  const isError = !response.ok || containsError(body);
  if (isError) normaliseError(body);
  headers.set('content-type', 'application/json');
  // oauth4webapi would read the challenge first, but the body's error says more.
  const isNamed = typeof body['error'] === 'string';
  if (isNamed) headers.delete('www-authenticate');
  const normalised = new Response(JSON.stringify(body), { status: isError ? chooseErrorStatus(response, isNamed) : status, headers });
  originalStatuses.set(normalised, response.status);
  return normalised;
}

/** oauth4webapi reads the error of a 4xx only. A 304 makes no sense here, and a Response with it may have no body. */
function chooseErrorStatus({ ok, status }: Response, isNamed: boolean): number {
  if (ok || (isNamed && status >= 500)) return 400;
  return status === 304 ? 500 : status;
}

/** JSON, JSON inside a JSON string, or the form encoding (GitHub), whatever the content type. */
function parseBody(text: string, contentType: string): Body | undefined {
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text));
  const trimmed = text.replace(/^\ufeff/, '').trim();
  // Two expressions that each read the text once: the server chooses its length.
  const isForm =
    /^[\w.]+=[^\s<]*$/.test(trimmed) && /^(access_token|error|device_code|oauth_token)=|&(access_token|error|device_code)=/.test(trimmed);
  if (isForm) return Object.fromEntries(new URLSearchParams(trimmed));
  return parseObject(trimmed) ?? parseObject(parseJsonString(trimmed));
}

/** The text of a JSON string, from frameworks that encode JSON twice. Empty for anything else. */
function parseJsonString(json: string): string {
  try {
    const value: unknown = json.startsWith('"') ? JSON.parse(json) : undefined;
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}

/**
 * An error response without JSON. A 401 means `invalid_client`, as in RFC 6749 section 5.2. Plain words are the server's
 * description; a page is not.
 */
function parseWordsOfError(text: string, { status, headers }: { status: number; headers: Headers }): Body {
  const words = /^\s*</.test(text) ? '' : text.trim();
  if (words === '' && headers.has('www-authenticate')) return {};
  if (status === 401) return { error: 'invalid_client', error_description: words || 'HTTP status 401' };
  return words === '' ? {} : { error: `status ${status}`, error_description: words };
}

/** Members of which each success contains one. */
const successMembers = ['access_token', 'client_id', 'device_code', 'request_uri'];

/** Slack's `ok: false`, or GitHub's `error` with status 200. With a member of a success, it is a success. */
function containsError(body: Body): boolean {
  return body['ok'] === false || (body['error'] !== undefined && !successMembers.some((key) => typeof body[key] === 'string'));
}

/** Members in which servers write the name of an error instead of `error`, and its description instead of `error_description`. */
const errorNameMembers = ['code', 'error_code', 'errorCode', 'error', 'type', 'name', 'status', 'title'];
const errorDescriptionMembers = ['error_description', 'message', 'error_message', 'errorMessage', 'msg', 'detail', 'description', 'reason'];

/** `error` as an object or a list (API frameworks), under another name (HubSpot: `status`), or in another spelling than the RFCs'. */
function normaliseError(body: Body): void {
  flattenError(body);
  if (body['ok'] === false) body['error'] ??= 'not ok';
  if (typeof body['error'] === 'number') body['error'] = String(body['error']);
  body['error_description'] ??= findText(body, errorDescriptionMembers);
  const name = findErrorName(body);
  if (name === undefined) delete body['error'];
  else body['error'] = normaliseErrorName(name);
  if (typeof body['error_description'] !== 'string') delete body['error_description'];
}

function flattenError(body: Body): void {
  const inner = [body['error'], body['errors']].map((one): unknown => (Array.isArray(one) ? one[0] : one)).find(isObject);
  if (inner === undefined) return;
  body['error_description'] ??= findText(inner, errorDescriptionMembers);
  body['error'] = findText(inner, errorNameMembers);
}

function findErrorName(body: Body): string | undefined {
  if (typeof body['error'] === 'string') return body['error'];
  const name = errorNameMembers.map((one) => body[one]).find(isErrorName);
  return name ?? (typeof body['error_description'] === 'string' ? 'unnamed error' : undefined);
}

function findText(body: Body, names: readonly string[]): string | undefined {
  const value = names.map((name) => body[name]).find((one) => (typeof one === 'string' && one !== '') || typeof one === 'number');
  return typeof value === 'number' ? String(value) : (value as string | undefined);
}

/** Words joined by an underscore or a hyphen, as in most names of errors. `status: "error"` is not one. */
function isErrorName(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z]+([_-][A-Za-z]+)+$/.test(value);
}

/** The error values of RFC 6749, 6750, 7009, 7591, 8628, 8707 and 9449, and of OpenID Connect. */
const standardErrors = new Set(
  `invalid_request invalid_client invalid_grant unauthorized_client unsupported_grant_type unsupported_response_type invalid_scope
  access_denied server_error temporarily_unavailable invalid_token insufficient_scope unsupported_token_type invalid_redirect_uri
  invalid_client_metadata invalid_software_statement authorization_pending slow_down expired_token invalid_target
  login_required interaction_required consent_required use_dpop_nonce`.split(/\s+/),
);

/** A standard error in another case, in camel case or with spaces. Any other name is kept. */
function normaliseErrorName(error: string): string {
  const snakeCase = error
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase();
  return standardErrors.has(snakeCase) ? snakeCase : error.trim();
}

/** Whether an error value is defined by an RFC, so that it says what is wrong whatever the status. */
export function isStandardError(error: string): boolean {
  return standardErrors.has(error);
}
