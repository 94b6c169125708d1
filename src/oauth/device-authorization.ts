/** The device authorization grant: RFC 8628. */
import { deviceAuthorizationRequest, processDeviceAuthorizationResponse } from 'oauth4webapi';
import { AuthError, hasCode } from '../errors.js';
import type { Network } from '../effects.js';
import { parseAllowedUrl } from '../http/url-policy.js';
import { quote } from '../text/server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { requestWithClientAuthentication } from './client-authentication.js';
import type { Dpop } from './dpop.js';
import { deviceNormalisations, normaliseResponse } from './normalisation.js';
import { OAuthError, toProtocolError } from './protocol-error.js';
import { deviceCodeGrant } from './registration.js';
import type { ClientInformation } from './client-information.js';
import { createRequestOptions } from './request-options.js';
import { retryWithChangedParameters } from './parameter-retry.js';
import { requestToken, type TokenContext, type TokenResponse } from './token.js';

/** Seconds: between polls when the server names no interval, and what `slow_down` adds (RFC 8628 sections 3.2 and 3.5). */
const defaultInterval = 5;
const slowDown = 5;
/** Seconds: the most that we wait where the server's own interval makes no sense, or where it did not answer. */
const longestPause = 60;
/** Milliseconds of one step of a wait. */
const longestSleep = 30_000;
/** Seconds that a code is taken to live when the server names none that makes sense, and the longest that we wait. */
const defaultLife = 600;
const longestLife = 3600;
/** Characters of a code that a person can type (RFC 8628 section 6.1), and of one of its groups, where spaces part them. */
const longestUserCode = 32;
const longestGroup = 8;

export interface DeviceRequest {
  readonly metadata: AuthorizationServerMetadata;
  readonly client: ClientInformation;
  readonly dpop?: Dpop;
  /** RFC 8707; undefined for an authorization server that refuses it. */
  readonly resource: string | undefined;
  readonly scope?: string;
  /** What one server needs beside the RFC's own parameters, as `audience=…`. */
  readonly extraParameters?: Readonly<Record<string, string>>;
}

/** RFC 8628 section 3.2, with the end of the code's life as an absolute time. */
export interface DeviceAuthorization {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly verificationUriComplete?: string;
  /** Seconds between polls. */
  readonly interval: number;
  /** Seconds that the code lives, and when that ends in milliseconds since the epoch. */
  readonly expiresIn: number;
  readonly expiresAt: number;
}

/**
 * Asks for a device code and a user code (RFC 8628 section 3.1).
 *
 * @throws OAuthError with the server's `error`, as `unauthorized_client` where this client may not use the grant.
 */
export async function requestDeviceAuthorization(
  { metadata, client, resource, scope, extraParameters }: DeviceRequest,
  context: TokenContext,
): Promise<DeviceAuthorization> {
  const clientId = { client_id: client.client_id };
  const asked = { ...(resource !== undefined && { resource }), ...(scope !== undefined && { scope }), ...extraParameters };
  const { answer } = await requestWithClientAuthentication({ client, metadata }, context, async (authentication) => {
    try {
      const response = await deviceAuthorizationRequest(metadata, clientId, authentication, asked, createRequestOptions(metadata, context));
      return await processDeviceAuthorizationResponse(
        metadata,
        clientId,
        await normaliseResponse(response, { mends: deviceNormalisations, status: 200 }),
      );
    } catch (error) {
      throw toProtocolError(error, `The device authorization endpoint of ${metadata.issuer}`, [client.client_secret]);
    }
  });
  const expiresIn = Math.min(answer.expires_in || defaultLife, longestLife);
  return {
    deviceCode: answer.device_code,
    userCode: checkUserCode(answer.user_code, metadata),
    ...verificationUris(answer, { metadata, reach: context.http.allowedNetwork }),
    interval: limitInterval(answer.interval ?? defaultInterval, expiresIn),
    expiresIn,
    expiresAt: context.clock.now() + expiresIn * 1000,
  };
}

/**
 * Polls the token endpoint until the person has decided (RFC 8628 sections 3.4 and 3.5): waits the interval before each
 * request, 5 s longer for good after each `slow_down`, twice as long after a request that got no answer.
 *
 * @throws AuthError `access_denied`, `timed_out` when the code has expired, the reason of `signal`, and any other answer.
 */
export async function pollForToken(
  { request, authorization }: { request: DeviceRequest; authorization: DeviceAuthorization },
  context: TokenContext,
): Promise<TokenResponse> {
  const { metadata, client, dpop, resource, scope } = request;
  const parameters = { device_code: authorization.deviceCode, ...(resource !== undefined && { resource }) };
  let interval = authorization.interval;
  let pause = interval;
  for (;;) {
    await sleepFor(pause, context);
    try {
      return await retryWithChangedParameters({ parameters, granted: { scope }, isFirstToken: true, isLastTold: true }, (asked) =>
        requestToken({ metadata, client, dpop, grantType: deviceCodeGrant, parameters: asked }, context),
      );
    } catch (error) {
      interval = nextInterval(error, interval);
      pause = Math.max(interval, (error instanceof OAuthError ? error.retryAfter : undefined) ?? 0);
      // A machine that was suspended may wake up late: its server decides, once more, whether it is too late.
      if (context.clock.now() >= authorization.expiresAt) throw expired();
    }
  }
}

/**
 * Waits `seconds` in steps, since a machine that is suspended in the middle of a long sleep wakes up in the middle of it.
 * A clock that jumps ahead ends the waiting; one that is set back does not prolong it.
 */
async function sleepFor(seconds: number, { clock, signal }: TokenContext): Promise<void> {
  const until = clock.now() + seconds * 1000;
  for (let left = seconds * 1000; left > 0 && clock.now() < until; left -= longestSleep) {
    await clock.sleep(Math.min(left, longestSleep), signal);
  }
}

/** Seconds until the next poll after `error`; throws it when it is final. */
function nextInterval(error: unknown, interval: number): number {
  if (error instanceof OAuthError) {
    if (error.error === 'authorization_pending') return interval;
    if (error.error === 'slow_down') return interval + slowDown;
    if (error.error === 'expired_token') throw expired();
  }
  // RFC 8628 section 3.5: after a time-out, wait longer; and never less than the server asked for.
  if (hasCode(error, 'request_timed_out', 'network_error', 'server_failed'))
    return Math.max(interval, Math.min(interval * 2, longestPause));
  throw error;
}

/** Seconds between polls: what the server asks for, unless that leaves no time for two of them, which is a mistake. */
export function limitInterval(interval: number, expiresIn: number): number {
  return interval * 2 <= expiresIn ? interval : Math.min(interval, longestPause);
}

function expired(): AuthError {
  return new AuthError('timed_out', 'The code expired before it was approved.', { hint: 'Run the command again for a new code.' });
}

/** Letters and digits, in groups of one length where spaces part them: a sentence would be shown as if it were to be believed. */
function isTyped(code: string): boolean {
  const groups = code.split(' ');
  const [{ length }] = groups as [string];
  const isEven = groups.every((group) => group.length <= longestGroup && Math.abs(group.length - length) <= 1);
  return code.length <= longestUserCode && groups.every((group) => /^[\w.-]+$/.test(group)) && (groups.length === 1 || isEven);
}

/** @throws AuthError `response_invalid` for a code that cannot be shown as it is: a person would compare another one. */
function checkUserCode(code: string, { issuer }: AuthorizationServerMetadata): string {
  if (isTyped(code)) return code;
  throw new AuthError('response_invalid', `${issuer} gave a code that nobody can type: ${quote(code)}.`, {
    hint: 'A code has 32 letters and digits at most, in groups. Log in with --flow paste, and tell those who run the server.',
  });
}

/** The page to open, and the same with the code filled in: that one is hidden in a QR code, and has to be the same page. */
function verificationUris(
  answer: { verification_uri: string; verification_uri_complete?: string },
  { metadata, reach }: { metadata: AuthorizationServerMetadata; reach: Network },
): Pick<DeviceAuthorization, 'verificationUri' | 'verificationUriComplete'> {
  const uri = parseAllowedUrl(wholeUri(answer.verification_uri, metadata), { what: 'The verification URI', reach });
  const complete = answer.verification_uri_complete === undefined ? undefined : wholeUri(answer.verification_uri_complete, metadata);
  const isSamePage = complete !== undefined && URL.canParse(complete) && new URL(complete).origin === uri.origin;
  return { verificationUri: uri.href, ...(isSamePage && { verificationUriComplete: new URL(complete).href }) };
}

/**
 * A verification URI as servers write it: with its scheme as RFC 8628 section 3.2 has it, with a host alone (`host.example/device`),
 * or as a path of the authorization server (`/device`).
 */
function wholeUri(text: string, { issuer, device_authorization_endpoint: endpoint }: AuthorizationServerMetadata): string {
  const written = text.trim();
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) return written;
  const isHost = /^[\w-]+(\.[\w-]+)+(:\d+)?([/?]|$)/.test(written);
  const base = endpoint ?? issuer;
  const relative = isHost ? `//${written}` : written;
  return URL.canParse(relative, base) ? new URL(relative, base).href : written;
}
