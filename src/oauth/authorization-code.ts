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
import { OAuthError, toProtocolError } from './protocol-error.js';
import { requiresPushedRequest, requestPushedAuthorization } from './pushed-authorization.js';
import { outdatedRegistrationErrors } from './registration.js';
import type { ClientInformation } from './client-information.js';
import { retryWithChangedParameters } from './parameter-retry.js';
import { requestToken, type TokenContext, type TokenResponse } from './token.js';

/** What is asked for, and of whom. */
export interface AuthorizationRequest {
  readonly metadata: AuthorizationServerMetadata;
  readonly client: ClientInformation;
  readonly dpop?: Dpop;
  readonly redirectUri: string;
  /** RFC 8707; undefined for an authorization server that refuses it. */
  readonly resource: string | undefined;
  readonly scope?: string;
  /** OpenID Connect Core section 3.1.2.1; undefined to send none. */
  readonly prompt?: string;
  /** What one server needs beside the RFCs' own parameters, as `access_type=offline`. */
  readonly extraParameters?: Readonly<Record<string, string>>;
  /** Whether the address has to be good for long: one that was pushed opens for minutes. */
  readonly mustStayValid?: boolean;
}

/** Parameters that make a request safe or ours, which nobody may set by hand. */
export const reservedParameters: ReadonlySet<string> = new Set([
  'response_type',
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

/** One authorization request that waits for its response: what has to be remembered until then (RFC 7636, RFC 9207). */
export interface AuthorizationAttempt {
  readonly request: AuthorizationRequest;
  /** The address for the person to open. */
  readonly url: string;
  /** RFC 9126: the authorization server holds the request, and the address opens it once, until then (milliseconds since the epoch). */
  readonly opensUntil?: number;
  readonly state: string;
  readonly codeVerifier: string;
}

/** The parameters of a response that has been checked against its attempt, with its code. */
export interface AuthorizationResponse {
  readonly code: string;
}

/**
 * Why this authorization server cannot be asked for a code; undefined when it can. PKCE is not optional: it is sent in
 * any case, but a server whose metadata does not mention it may ignore it, which `pkceUnadvertised` accepts.
 */
export function findAuthorizationCodeProblem(
  metadata: AuthorizationServerMetadata,
  { pkceUnadvertised }: Pick<Dialect, 'pkceUnadvertised'>,
): string | undefined {
  const methods = metadata.code_challenge_methods_supported;
  if (metadata.authorization_endpoint === undefined) return 'the authorization server has no authorization endpoint';
  if (requiresPushedRequest(metadata) && metadata.pushed_authorization_request_endpoint === undefined) {
    return 'the authorization server requires pushed requests and has no endpoint that takes them';
  }
  if (methods === undefined && pkceUnadvertised) return undefined;
  if (methods === undefined) return 'the authorization server does not say that it does PKCE';
  if (!methods.includes('S256')) return 'the authorization server does not offer PKCE with S256';
  return undefined;
}

/**
 * Makes a new authorization request: fresh `state` and PKCE verifier, and the URL with everything in it once. Where the
 * authorization server requires it, or the URL would be long, the request is pushed to it first, and the URL names only that.
 *
 * @throws what `requestPushedAuthorization` throws.
 */
export async function startAuthorization(request: AuthorizationRequest, context: TokenContext): Promise<AuthorizationAttempt> {
  const { metadata, client, dpop, redirectUri, resource, scope, prompt, extraParameters } = request;
  const state = randomBytes(16).toString('base64url');
  const codeVerifier = generateRandomCodeVerifier();
  const parameters = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    code_challenge: await calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    state,
    ...(resource !== undefined && { resource }),
    ...(scope !== undefined && { scope }),
    // RFC 9449 section 10: the code is bound to the key too.
    ...(dpop && { dpop_jkt: await dpop.handle.calculateThumbprint() }),
    ...(prompt !== undefined && { prompt }),
    ...extraParameters,
  };
  const url = withParameters(metadata.authorization_endpoint ?? '', parameters);
  const pushed = await push({ request, parameters, long: url.length > longUrl }, context);
  return { request, url, state, codeVerifier, ...pushed };
}

/** Bytes of an address beyond which its QR code would be wider than 80 columns, and terminals would break it into many rows. */
const longUrl = 500;
/** Seconds that a person needs to get an address opened somewhere else. */
const timeToOpen = 120;

/**
 * The short address of a request that has been handed to the authorization server (RFC 9126): where it requires that, and
 * where the address would be long, if it then can be opened for long enough.
 */
async function push(
  { request, parameters, long }: { request: AuthorizationRequest; parameters: Readonly<Record<string, string>>; long: boolean },
  context: TokenContext,
): Promise<{ url: string; opensUntil: number } | undefined> {
  const { metadata, client, dpop } = request;
  const required = requiresPushedRequest(metadata);
  if (!required && (!long || request.mustStayValid || metadata.pushed_authorization_request_endpoint === undefined)) return undefined;
  try {
    const { requestUri, expiresIn } = await requestPushedAuthorization({ metadata, client, dpop, parameters }, context);
    if (!required && expiresIn < timeToOpen) return undefined;
    const url = withParameters(metadata.authorization_endpoint ?? '', { client_id: client.client_id, request_uri: requestUri });
    return { url, opensUntil: context.clock.now() + expiresIn * 1000 };
  } catch (error) {
    // Nobody depends on it: the long address is as good.
    if (required || context.signal.aborted || (error instanceof OAuthError && outdatedRegistrationErrors.has(error.error))) throw error;
    return undefined;
  }
}

/** `endpoint` with each parameter once. What may stand in a query as it is, does (RFC 3986 section 3.4), which keeps it short. */
function withParameters(endpoint: string, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  url.search = url.search.replace(/%3A/g, ':').replace(/%2F/g, '/');
  return url.href;
}

/** What servers write on the page that they show a person in place of sending the browser back. */
const clientIsUnknown =
  /invalid[_ ]client|unauthorized_client|client\W.{0,60}(not found|unknown|not registered|does not exist|invalid)|(unknown|invalid|unrecognized) client/is;

/**
 * What the authorization server has against the client of an earlier login: forgotten, or not registered for these
 * scopes. Found out by asking for the page before the person does, since the error is often shown in the browser only. A
 * server that does not like to be asked is believed to be content.
 *
 * @returns `invalid_client`, `unauthorized_client` or `invalid_scope`; undefined when nothing is known to be wrong.
 */
export async function requestRegistrationProblem(
  attempt: AuthorizationAttempt,
  { http, signal }: Pick<Effects, 'http' | 'signal'>,
): Promise<string | undefined> {
  // A pushed request is opened once only, and an unknown client could not have pushed it.
  if (attempt.opensUntil !== undefined) return undefined;
  try {
    const response = await http.fetch(attempt.url, { headers: { accept: 'text/html' }, signal });
    const location = response.headers.get('location');
    const error =
      location !== null && URL.canParse(location, attempt.url) ? new URL(location, attempt.url).searchParams.get('error') : null;
    if (error !== null) return outdatedRegistrationErrors.has(error) ? error : undefined;
    const refused = response.status >= 400 && response.status < 500;
    return refused && clientIsUnknown.test(await response.text()) ? 'invalid_client' : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

/**
 * Checks an authorization response, in this order: `state`, `iss` (RFC 9207 section 2.4), `error`, `code`. Nothing of a
 * response that is not this attempt's, or is of another issuer, is acted on or shown.
 *
 * @throws AuthError `state_mismatch`, `not_an_address`, `issuer_mismatch`, `access_denied`, `authorization_failed`, `code_missing`.
 */
export function checkAuthorizationResponse(parameters: URLSearchParams, attempt: AuthorizationAttempt): AuthorizationResponse {
  const { metadata, client } = attempt.request;
  const states = parameters.getAll('state');
  if (states.length !== 1 || !equal(states[0] ?? '', attempt.state)) {
    throw new AuthError('state_mismatch', 'That address belongs to another login, not to this one.', {
      hint: 'Open the address that this login printed, approve there, and paste where that ends.',
    });
  }
  const twice = firstRepeated(parameters.keys());
  if (twice !== undefined)
    throw new AuthError('not_an_address', `That address holds ${quote(twice)} more than once (RFC 6749 section 3.1).`);
  const issuers = parameters.getAll('iss');
  const wanted = metadata.authorization_response_iss_parameter_supported === true;
  if (issuers.length === 0 ? wanted : issuers[0] !== metadata.issuer) {
    throw new AuthError('issuer_mismatch', `The answer does not come from ${metadata.issuer}, which was asked, so it was thrown away.`, {
      hint: 'Start the login again. If it happens again, do not trust the server that you log in to.',
    });
  }
  try {
    const checked = validateAuthResponse(metadata, { client_id: client.client_id }, parameters, attempt.state);
    const code = checked.get('code');
    if (code) return { code };
  } catch (error) {
    throw toProtocolError(error, `The authorization endpoint of ${metadata.issuer}`);
  }
  throw new AuthError('code_missing', 'That address holds no authorization code.', {
    hint: 'Copy the whole address, to its very end.',
  });
}

/** Exchanges the code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5, RFC 8707 section 2.2). */
export async function requestTokenByCode(
  { attempt, code }: { attempt: AuthorizationAttempt; code: string },
  context: TokenContext,
): Promise<TokenResponse> {
  const { metadata, client, dpop, redirectUri, resource, scope } = attempt.request;
  const parameters = { code, redirect_uri: redirectUri, code_verifier: attempt.codeVerifier, ...(resource !== undefined && { resource }) };
  return retryWithChangedParameters({ parameters, granted: { scope }, isFirstToken: true, isLastTold: false }, (asked) =>
    requestToken({ metadata, client, dpop, grantType: 'authorization_code', parameters: asked }, context),
  );
}

function firstRepeated(names: Iterable<string>): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
