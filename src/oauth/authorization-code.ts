/**
 * The authorization code grant: RFC 6749 section 4.1, with PKCE (RFC 7636), resource indicators (RFC 8707), the issuer
 * in the response (RFC 9207) and a loopback redirect (RFC 8252 section 7.3).
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { calculatePKCECodeChallenge, generateRandomCodeVerifier, validateAuthResponse } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import type { Dialect } from './dialect.js';
import type { Dpop } from './dpop.js';
import { definedParameters } from './parameters.js';
import { OAuthError } from './oauth-error.js';
import { toProtocolError } from './protocol-error.js';
import { requiresPushedRequest, requestPushedAuthorization } from './pushed-authorization.js';
import type { ClientInformation } from './client-information.js';
import { outdatedRegistrationErrors } from './registration.js';
import { retryWithChangedParameters } from './parameter-retry.js';
import { requestToken, type TokenContext, type TokenResponse } from './token.js';

/** An authorization request, before it has a `state` and a PKCE verifier. */
export interface AuthorizationRequest {
  readonly metadata: AuthorizationServerMetadata;
  readonly client: ClientInformation;
  readonly dpop?: Dpop;
  readonly redirectUri: string;
  /** RFC 8707; undefined for an authorization server that rejects it. */
  readonly resource: string | undefined;
  readonly scope?: string;
  /** OpenID Connect Core section 3.1.2.1; undefined to send none. */
  readonly prompt?: string;
  /** Parameters that one server needs in addition to those of the RFCs, for example `access_type=offline`. */
  readonly extraParameters?: Readonly<Record<string, string>>;
  /** What `state` starts with, before a dot, so that a relay finds the session that a response is for. */
  readonly statePrefix?: string;
  /** OAuth 2.0 Multiple Response Type Encoding Practices section 2.1. */
  readonly responseMode?: 'fragment';
  /** Whether the URL must stay valid for a long time. A pushed request expires within minutes. */
  readonly mustStayValid?: boolean;
}

/** Parameters that only mcp-auth sets, because they identify the request or make it safe. */
export const reservedParameters: ReadonlySet<string> = new Set([
  'response_type',
  'response_mode',
  'client_id',
  'redirect_uri',
  'code_challenge',
  'code_challenge_method',
  'state',
  'resource',
  'scope',
  'request',
  'request_uri',
  'dpop_jkt',
]);

/** An authorization request that waits for its response, with the values that the response is checked against (RFC 7636, RFC 9207). */
export interface AuthorizationAttempt {
  readonly request: AuthorizationRequest;
  /** The URL for the user to open. */
  readonly url: string;
  /**
   * For a pushed request (RFC 9126), when the URL expires, in milliseconds since the epoch. Such a URL works only once. Absent
   * if the request was not pushed.
   */
  readonly opensUntil?: number;
  readonly state: string;
  readonly codeVerifier: string;
}

/** An authorization response that has been checked against its attempt. */
export interface AuthorizationResponse {
  readonly code: string;
}

/**
 * Why the authorization code grant cannot be used with this authorization server, as the end of a sentence; undefined if it can.
 * PKCE is required. It is always sent, but a server whose metadata does not mention it may ignore it, which
 * `pkceUnadvertised` accepts.
 */
export function findAuthorizationCodeProblem(
  metadata: AuthorizationServerMetadata,
  { pkceUnadvertised }: Pick<Dialect, 'pkceUnadvertised'>,
): string | undefined {
  const methods = metadata.code_challenge_methods_supported;
  if (metadata.authorization_endpoint === undefined) return 'the authorization server has no authorization endpoint';
  if (requiresPushedRequest(metadata) && metadata.pushed_authorization_request_endpoint === undefined) {
    return 'the authorization server requires pushed authorization requests but has no endpoint for them';
  }
  if (methods === undefined && pkceUnadvertised) return undefined;
  if (methods === undefined) return 'the authorization server does not say that it supports PKCE';
  if (!methods.includes('S256')) return 'the authorization server does not support PKCE with S256';
  return undefined;
}

/**
 * Whether the server lists the response mode `fragment`. Without the list, servers rarely know it, whatever the default of RFC 8414
 * section 2 is.
 */
export function supportsFragment({ response_modes_supported: modes }: AuthorizationServerMetadata): boolean {
  return Array.isArray(modes) && modes.includes('fragment');
}

/**
 * Create an authorization request with a new `state` and PKCE verifier. The request is pushed to the authorization server first
 * (RFC 9126) if the server requires that or if the URL would be long; the URL then only refers to it.
 *
 * @throws the errors of `requestPushedAuthorization`.
 */
export async function startAuthorization(request: AuthorizationRequest, context: TokenContext): Promise<AuthorizationAttempt> {
  const { metadata, client, dpop, redirectUri, resource, scope, prompt, extraParameters, responseMode } = request;
  const state = [request.statePrefix, randomBytes(16).toString('base64url')].filter(Boolean).join('.');
  const codeVerifier = generateRandomCodeVerifier();
  const parameters = definedParameters({
    response_type: 'code',
    response_mode: responseMode,
    client_id: client.client_id,
    redirect_uri: redirectUri,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    state,
    resource,
    scope,
    // RFC 9449 section 10: the code is bound to the key too.
    dpop_jkt: await dpop?.handle.calculateThumbprint(),
    prompt,
    ...extraParameters,
  });
  const url = addParameters(metadata.authorization_endpoint ?? '', parameters);
  const pushed = await pushRequest({ request, parameters, isLong: url.length > maxShortUrlLength }, context);
  return { request, url, state, codeVerifier, ...pushed };
}

/** Characters. The QR code of a longer URL would be wider than 80 columns, and terminals would wrap the URL over many lines. */
const maxShortUrlLength = 500;
/** Seconds that a user needs to open a URL on another device. */
const minOpeningSeconds = 120;

/**
 * Push the request to the authorization server (RFC 9126) if the server requires it, or if the URL is long and the pushed
 * request can be opened for long enough.
 *
 * @returns the short URL; undefined to use the long one.
 */
async function pushRequest(
  { request, parameters, isLong }: { request: AuthorizationRequest; parameters: Readonly<Record<string, string>>; isLong: boolean },
  context: TokenContext,
): Promise<{ url: string; opensUntil: number } | undefined> {
  const { metadata, client, dpop } = request;
  const isRequired = requiresPushedRequest(metadata);
  const isUseful = isLong && !request.mustStayValid && metadata.pushed_authorization_request_endpoint !== undefined;
  if (!isRequired && !isUseful) return undefined;
  try {
    const { requestUri, expiresIn } = await requestPushedAuthorization({ metadata, client, dpop, parameters }, context);
    if (!isRequired && expiresIn < minOpeningSeconds) return undefined;
    const url = addParameters(metadata.authorization_endpoint ?? '', { client_id: client.client_id, request_uri: requestUri });
    return { url, opensUntil: context.clock.now() + expiresIn * 1000 };
  } catch (error) {
    const isOutdatedClient = error instanceof OAuthError && outdatedRegistrationErrors.has(error.error);
    if (isRequired || context.signal.aborted || isOutdatedClient) throw error;
    // The push was optional: the long URL works too.
    return undefined;
  }
}

/** Set each parameter once. Characters that a query may contain are not encoded (RFC 3986 section 3.4), to keep the URL short. */
function addParameters(endpoint: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  url.search = url.search.replace(/%3A/g, ':').replace(/%2F/g, '/');
  return url.href;
}

/** How servers say that a client is unknown, on an error page that they show instead of redirecting the browser. */
const unknownClientWords =
  /invalid[_ ]client|unauthorized_client|client\W.{0,60}(not found|unknown|not registered|does not exist|invalid)|(unknown|invalid|unrecognized) client/is;

/**
 * Check whether the authorization server still accepts the client of an earlier login, by requesting the authorization URL
 * before the user opens it: servers often show this error only in the browser. A failed request counts as no problem.
 *
 * @returns `invalid_client`, `unauthorized_client` or `invalid_scope`; undefined if no problem is known.
 */
export async function requestRegistrationProblem(
  attempt: AuthorizationAttempt,
  { http, signal }: Pick<Effects, 'http' | 'signal'>,
): Promise<string | undefined> {
  // A pushed request can be opened only once, and an unknown client could not have pushed it.
  if (attempt.opensUntil !== undefined) return undefined;
  try {
    const response = await http.fetch(attempt.url, { headers: { accept: 'text/html' }, signal });
    const error = parseRedirectError(response.headers.get('location'), attempt.url);
    if (error !== undefined) return outdatedRegistrationErrors.has(error) ? error : undefined;
    const isRefused = response.status >= 400 && response.status < 500;
    return isRefused && unknownClientWords.test(await response.text()) ? 'invalid_client' : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

/** The `error` parameter of a redirect (RFC 6749 section 4.1.2.1). */
function parseRedirectError(location: string | null, base: string): string | undefined {
  if (location === null || !URL.canParse(location, base)) return undefined;
  return new URL(location, base).searchParams.get('error') ?? undefined;
}

/**
 * Check an authorization response, in this order: `state`, `iss` (RFC 9207 section 2.4), `error`, `code`. A response that
 * belongs to another attempt or names another issuer is neither acted on nor shown.
 *
 * @throws AuthError `state_mismatch`, `not_an_address`, `issuer_mismatch`, `access_denied`, `authorization_failed`, `code_missing`.
 */
export function checkAuthorizationResponse(parameters: URLSearchParams, attempt: AuthorizationAttempt): AuthorizationResponse {
  const { metadata, client } = attempt.request;
  checkState(parameters, attempt);
  const repeated = findRepeated(parameters.keys());
  if (repeated !== undefined) {
    throw new AuthError('not_an_address', `The redirect URL contains ${quote(repeated)} more than once (RFC 6749 section 3.1).`);
  }
  checkResponseIssuer(parameters, metadata);
  try {
    const checked = validateAuthResponse(metadata, { client_id: client.client_id }, parameters, attempt.state);
    const code = checked.get('code');
    if (code) return { code };
  } catch (error) {
    throw toProtocolError(error, `The authorization endpoint of ${metadata.issuer}`);
  }
  throw new AuthError('code_missing', 'The redirect URL contains no authorization code.', {
    hint: 'Copy the whole redirect URL, to its very end.',
  });
}

/** RFC 6749 section 10.12. A parameter that occurs twice matches neither time. */
function checkState(parameters: URLSearchParams, { state }: AuthorizationAttempt): void {
  const states = parameters.getAll('state');
  if (states.length === 1 && isEqualSecret(states[0] ?? '', state)) return;
  throw new AuthError('state_mismatch', 'The redirect URL belongs to another login, not to this one.', {
    hint: 'Open the URL that this login printed, approve there, and paste the redirect URL that you end on.',
  });
}

/**
 * RFC 9207 section 2.4: `iss` must be identical to the issuer (simple string comparison, without the lenience of `isSameIssuer`), and
 * must be there if the metadata promises it. Each parameter occurs once by now.
 */
function checkResponseIssuer(parameters: URLSearchParams, metadata: AuthorizationServerMetadata): void {
  const found = parameters.get('iss');
  const isRequired = metadata.authorization_response_iss_parameter_supported === true;
  if (found === metadata.issuer || (found === null && !isRequired)) return;
  const problem =
    found === null ? `does not name its issuer, which ${metadata.issuer} always does,` : `names a different issuer than ${metadata.issuer}`;
  throw new AuthError('issuer_mismatch', `The authorization response ${problem} and was rejected.`, {
    hint: 'Start the login again. If it happens again, do not trust the MCP server that you are logging in to.',
  });
}

/** Exchange the code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section 2.2). */
export async function requestTokenByCode(
  { attempt, code }: { attempt: AuthorizationAttempt; code: string },
  context: TokenContext,
): Promise<TokenResponse> {
  const { metadata, client, dpop, redirectUri, resource, scope } = attempt.request;
  const parameters = definedParameters({ code, redirect_uri: redirectUri, code_verifier: attempt.codeVerifier, resource });
  // The first request uses up the code, so the error of a retry would only say that.
  return retryWithChangedParameters({ parameters, granted: { scope }, isFirstToken: true, throws: 'first error' }, (changed) =>
    requestToken({ metadata, client, dpop, grantType: 'authorization_code', parameters: changed }, context),
  );
}

function findRepeated(names: Iterable<string>): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

/** Compare in constant time. */
function isEqualSecret(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
