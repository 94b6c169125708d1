/** The device authorization grant: RFC 8628. */
import { deviceAuthorizationRequest, processDeviceAuthorizationResponse } from 'oauth4webapi';
import { AuthError, hasCode } from '../errors.js';
import type { Network } from '../effects.js';
import { isPublicHostName } from '../http/site.js';
import { parseAllowedUrl } from '../http/url-policy.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithClientAuthentication } from './client-authentication.js';
import type { Dpop } from './dpop.js';
import { deviceNormalisations, normaliseResponse } from './normalisation.js';
import { definedParameters } from './parameters.js';
import { OAuthError } from './oauth-error.js';
import { toProtocolError } from './protocol-error.js';
import type { ClientInformation } from './client-information.js';
import { deviceCodeGrant } from './registration.js';
import { createRequestOptions } from './request-options.js';
import { retryWithChangedParameters } from './parameter-retry.js';
import { requestToken, type TokenContext, type TokenResponse } from './token.js';

/** Seconds between polls if the server names no interval, and the seconds that `slow_down` adds (RFC 8628 sections 3.2 and 3.5). */
const defaultIntervalSeconds = 5;
const slowDownSeconds = 5;
/** Seconds. Limits the pause if the server's interval leaves no time to poll twice, or after a request without a response. */
const maxPauseSeconds = 60;
/** Milliseconds of one step of a wait. */
const maxSleep = 30_000;
/** Seconds: the lifetime of a code if the server names no usable one, and the longest lifetime that is waited for. */
const defaultLifetimeSeconds = 600;
const maxLifetimeSeconds = 3600;
/** Characters of a user code that can be typed (RFC 8628 section 6.1), and of one group between spaces. */
const maxUserCodeLength = 32;
const maxGroupLength = 8;

export interface DeviceRequest {
  readonly metadata: AuthorizationServerMetadata;
  readonly client: ClientInformation;
  readonly dpop?: Dpop;
  /** RFC 8707; undefined for an authorization server that rejects it. */
  readonly resource: string | undefined;
  readonly scope?: string;
  /** Parameters that one server needs in addition to those of the RFC, for example `audience=…`. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/** The response of RFC 8628 section 3.2, with the expiry of the code as an absolute time. */
export interface DeviceAuthorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  /** Seconds between polls. */
  readonly interval: number;
  /** Lifetime of the code in seconds. */
  readonly expiresIn: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Request a device code and a user code (RFC 8628 section 3.1).
 *
 * @throws OAuthError with the server's `error`, for example `unauthorized_client` if this client may not use the grant;
 * AuthError `response_invalid` for a user code that cannot be shown, `url_refused` or `address_refused` for the verification URI.
 */
export async function requestDeviceAuthorization(
  { metadata, client, resource, scope, extraParameters }: DeviceRequest,
  context: TokenContext,
): Promise<DeviceAuthorization> {
  const clientId = { client_id: client.client_id };
  const parameters = definedParameters({ resource, scope, ...extraParameters });
  const { answer } = await requestWithClientAuthentication({ client, metadata }, context, async (authentication) => {
    try {
      const options = createRequestOptions(metadata, context);
      const response = await deviceAuthorizationRequest(metadata, clientId, authentication, parameters, options);
      const normalised = await normaliseResponse(response, { normalisations: deviceNormalisations, status: 200 });
      return await processDeviceAuthorizationResponse(metadata, clientId, normalised);
    } catch (error) {
      throw toProtocolError(error, `The device authorization endpoint of ${metadata.issuer}`, [client.client_secret]);
    }
  });
  const expiresIn = Math.min(answer.expires_in || defaultLifetimeSeconds, maxLifetimeSeconds);
  return {
    deviceCode: answer.device_code,
    userCode: checkUserCode(answer.user_code, metadata),
    ...parseVerificationUris(answer, { metadata, allowedNetwork: context.http.allowedNetwork }),
    interval: limitInterval(answer.interval ?? defaultIntervalSeconds, expiresIn),
    expiresIn,
    expiresAt: context.clock.now() + expiresIn * 1000,
  };
}

/**
 * Poll the token endpoint until the user has approved or denied (RFC 8628 sections 3.4 and 3.5).
 *
 * Before each request, wait the server's interval; after each `slow_down` it is 5 s longer for the rest of the login (section
 * 3.5). After a request without a response it doubles, up to 60 s, because section 3.5 asks for an exponential backoff then.
 *
 * The expiry is checked after a request, not before it. Node's timers may stop while the machine is suspended (nodejs/node#6763 on
 * Windows, nodejs/node#20661 on macOS), so the process may wake up after the code has expired here. It is not known whether
 * the user approved meanwhile, nor how exactly the server counts, so the server is asked once more.
 *
 * cli/oauth waits 20 to 40 percent longer than the interval, because a clock that runs fast in some virtual machines made it poll
 * too early (cli/cli#9370, cli/oauth#111). There is no such margin here: a poll that is too early costs one `slow_down`.
 *
 * @throws AuthError `access_denied`, `timed_out` if the code has expired, the reason of `signal`, and any other error response.
 */
export async function pollForToken(
  { request, authorization }: { request: DeviceRequest; authorization: DeviceAuthorization },
  context: TokenContext,
): Promise<TokenResponse> {
  const { metadata, client, dpop, resource, scope } = request;
  const parameters = definedParameters({ device_code: authorization.deviceCode, resource });
  let interval = authorization.interval;
  let pause = interval;
  for (;;) {
    await sleepFor(pause, context);
    try {
      return await retryWithChangedParameters({ parameters, granted: { scope }, isFirstToken: true, throws: 'last error' }, (changed) =>
        requestToken({ metadata, client, dpop, grantType: deviceCodeGrant, parameters: changed }, context),
      );
    } catch (error) {
      interval = nextInterval(error, interval);
      pause = Math.max(interval, (error instanceof OAuthError ? error.retryAfter : undefined) ?? 0);
      if (context.clock.now() >= authorization.expiresAt) throw createExpiredError();
    }
  }
}

/**
 * Sleep in steps of 30 s. If the machine is suspended during a step, only the rest of that step may still have to pass after it
 * wakes up (see `pollForToken`). A clock that jumps forward ends the wait; one that is set back does not prolong it.
 */
async function sleepFor(seconds: number, { clock, signal }: TokenContext): Promise<void> {
  const until = clock.now() + seconds * 1000;
  for (let left = seconds * 1000; left > 0 && clock.now() < until; left -= maxSleep) {
    await clock.sleep(Math.min(left, maxSleep), signal);
  }
}

/** Seconds until the next poll after `error`. Throws an error that ends the login. */
function nextInterval(error: unknown, interval: number): number {
  if (error instanceof OAuthError) {
    if (error.error === 'authorization_pending') return interval;
    if (error.error === 'slow_down') return interval + slowDownSeconds;
    if (error.error === 'expired_token') throw createExpiredError();
  }
  // RFC 8628 section 3.5: back off after a timeout; and never wait less than the server asked for.
  if (hasCode(error, 'request_timed_out', 'network_error', 'server_failed')) {
    return Math.max(interval, Math.min(interval * 2, maxPauseSeconds));
  }
  throw error;
}

/** Seconds between polls: the server's interval, unless that leaves no time to poll twice, which can only be a mistake. */
export function limitInterval(interval: number, expiresIn: number): number {
  return interval * 2 <= expiresIn ? interval : Math.min(interval, maxPauseSeconds);
}

function createExpiredError(): AuthError {
  return new AuthError('timed_out', 'The code expired before it was approved.', { hint: 'Run the command again to get a new code.' });
}

/** Letters and digits, in groups of equal length if there are spaces. A sentence or a host in place of a code could mislead the user. */
function isTypeable(code: string): boolean {
  const groups = code.split(' ');
  const [{ length }] = groups as [string];
  const isEven = groups.every((group) => group.length <= maxGroupLength && Math.abs(group.length - length) <= 1);
  return (
    code.length <= maxUserCodeLength &&
    groups.every((group) => /^[\w.-]+$/.test(group) && !isPublicHostName(group)) &&
    (groups.length === 1 || isEven)
  );
}

/** @throws AuthError `response_invalid` for a code that cannot be shown unchanged: the user has to compare it. */
function checkUserCode(code: string, { issuer }: AuthorizationServerMetadata): string {
  if (isTypeable(code)) return code;
  throw new AuthError('response_invalid', `${issuer} sent an invalid user code: ${quote(code)}.`, {
    hint: 'A user code has at most 32 letters and digits, in groups. Log in with --flow paste, and report this to the operator of the server.',
  });
}

/**
 * The verification URI, and the one that contains the user code (RFC 8628 section 3.3.1). The latter is used only if it is on
 * the same origin: in a QR code, the user cannot see where it leads.
 */
function parseVerificationUris(
  answer: { verification_uri: string; verification_uri_complete?: string },
  { metadata, allowedNetwork }: { metadata: AuthorizationServerMetadata; allowedNetwork: Network },
): Pick<DeviceAuthorization, 'verificationUri' | 'verificationUriComplete'> {
  const uri = parseAllowedUrl(completeUri(answer.verification_uri, metadata), { what: 'The verification URI', allowedNetwork });
  const { verification_uri_complete: text } = answer;
  const complete = text === undefined ? undefined : completeUri(text, metadata);
  const isSameOrigin = complete !== undefined && URL.canParse(complete) && new URL(complete).origin === uri.origin;
  return { verificationUri: uri.href, ...(isSameOrigin && { verificationUriComplete: new URL(complete).href }) };
}

/**
 * A verification URI as an absolute URL. RFC 8628 section 3.2 requires one; some servers send a host without a scheme
 * (`host.example/device`), or a path of the authorization server (`/device`).
 */
function completeUri(text: string, { issuer, device_authorization_endpoint: endpoint }: AuthorizationServerMetadata): string {
  const uri = text.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(uri)) return uri;
  const startsWithHost = /^[\w-]+(\.[\w-]+)+(:\d+)?([/?]|$)/.test(uri);
  const base = endpoint ?? issuer;
  const relative = startsWithHost ? `//${uri}` : uri;
  return URL.canParse(relative, base) ? new URL(relative, base).href : uri;
}
