import { abortable } from '../abortable.js';
import type { Effects, Key } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { findAuthorizationCodeProblem } from '../oauth/authorization-code.js';
import { isOwnAddress } from '../oauth/endpoints.js';
import { pollForToken, requestDeviceAuthorization, type DeviceAuthorization } from '../oauth/device-authorization.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { rejectsResource } from '../oauth/error-response.js';
import { deviceCodeGrant, hasGrant, outdatedRegistrationErrors } from '../oauth/registration.js';
import { confirmEndpoints } from './confirm.js';
import type { Flow, FlowRequest, Grant, FlowState } from './flow.js';
import { paste } from './paste.js';
import { isForRelay, relay } from './relay.js';
import { race } from './race.js';
import { withTimeLimit } from './time-limit.js';

/** RFC 6749 and RFC 8628 errors that mean: this client may not use the device grant. */
const grantErrors = new Set(['unauthorized_client', 'unsupported_grant_type']);
/** Errors of an endpoint that does not work, or not for this client, although the metadata lists it. */
const brokenEndpoint = ['request_refused', 'response_invalid'] as const;
/** Seconds for which an expired code waits for the user before the login is given up. */
const newCodeTimeoutSeconds = 600;

/** A device authorization, and the request that it belongs to. */
interface ShownCode {
  readonly request: FlowRequest;
  readonly authorization: DeviceAuthorization;
}

/** The device authorization grant: RFC 8628. */
export const device: Flow = {
  name: 'device',
  summary: 'Enter a short code on any other device',
  grantType: deviceCodeGrant,
  client: 'any',
  unattended: false,
  unavailable: ({ metadata }) =>
    metadata.device_authorization_endpoint === undefined ? 'the authorization server has no device authorization endpoint' : undefined,
  run: async (request, effects) => {
    const authorization = await requestUserCode(request, effects);
    // The lifetime of the code is the limit, unless the user has set another one.
    return withTimeLimit(request.timeout, effects, (limited) => byCodeOrPaste({ request, authorization }, limited));
  },
  twoSteps: {
    start: async (request, effects) => {
      const authorization = await requestUserCode(request, effects);
      return {
        expiresAt: authorization.expiresAt,
        state: toState(authorization),
        show: () => present({ request, authorization }, effects),
      };
    },
    readInvitation: (state) => {
      const { verificationUri: address, userCode } = fromState(state);
      return { address, userCode };
    },
    finish: ({ request, state }, effects) => {
      const authorization = fromState(state);
      return withTimeLimit(request.timeout, effects, (limited) => waitForApproval({ request, authorization }, limited));
    },
  },
};

/** A device authorization as `start` stores it: the names of RFC 8628, times in seconds. */
interface DeviceState {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete?: string | undefined;
  readonly interval: number;
  readonly expires_in: number;
  readonly expires_at: number;
}

function toState(authorization: DeviceAuthorization): FlowState {
  const state: DeviceState = {
    device_code: authorization.deviceCode,
    user_code: authorization.userCode,
    verification_uri: authorization.verificationUri,
    verification_uri_complete: authorization.verificationUriComplete,
    interval: authorization.interval,
    expires_in: authorization.expiresIn,
    expires_at: authorization.expiresAt / 1000,
  };
  return { ...state };
}

/** Not validated: if the file was edited by hand, the authorization server rejects the poll. */
function fromState(state: FlowState): DeviceAuthorization {
  const stored = state as unknown as DeviceState;
  return {
    deviceCode: stored.device_code,
    userCode: stored.user_code,
    verificationUri: stored.verification_uri,
    verificationUriComplete: stored.verification_uri_complete,
    interval: stored.interval,
    expiresIn: stored.expires_in,
    expiresAt: stored.expires_at * 1000,
  };
}

/** Polls. The key `p` also lets the user paste a redirect URL, with the same client; the first to succeed wins. */
async function byCodeOrPaste({ request, authorization }: ShownCode, effects: Effects): Promise<Grant> {
  return race<Grant>(effects, (join) => {
    const other = isForRelay(request) ? relay : paste;
    const help = other === relay ? 'use the relay instead' : 'paste instead';
    const toPaste: Key = { key: 'p', help, press: () => join((limited) => other.run(request, limited)) };
    const canPaste = request.redirectUri !== '' && findAuthorizationCodeProblem(request.metadata, request.dialect) === undefined;
    join((limited) => byCode({ request, authorization, moreKeys: canPaste ? [toPaste] : [] }, limited));
  });
}

/** Shows a code and waits. When it has expired, the user at the terminal may request another one. */
async function byCode(
  { request, authorization, moreKeys }: ShownCode & { readonly moreKeys: readonly Key[] },
  effects: Effects,
): Promise<Grant> {
  const { ui, signal } = effects;
  await present({ request, authorization }, effects);
  const url = authorization.verificationUriComplete ?? authorization.verificationUri;
  const keys: Key[] = [
    { key: 'c', help: 'copy the address', press: () => void ui.copy(url) },
    { key: 'q', help: 'QR code', press: () => void ui.qr(url, true) },
  ];
  // Pasting has keys of its own, which replace these.
  const replacing = moreKeys.map((key) => ({
    ...key,
    press: () => {
      removeKeys();
      key.press();
    },
  }));
  const removeKeys = ui.press([...keys, ...replacing]);
  try {
    return await waitForApproval({ request, authorization }, effects);
  } catch (error) {
    if (!hasCode(error, 'timed_out') || signal.aborted || ui.input !== 'terminal') throw error;
    removeKeys();
    ui.warn('The code has expired.');
  } finally {
    removeKeys();
  }
  await withTimeLimit(newCodeTimeoutSeconds, effects, (limited) => waitForKey({ key: 'n', help: 'get a new code' }, limited));
  return byCode({ request, authorization: await requestUserCode(request, effects), moreKeys: [] }, effects);
}

/** Resolves when the user presses the key. */
async function waitForKey(key: Omit<Key, 'press'>, { ui, signal }: Effects): Promise<void> {
  await abortable<undefined>(signal, (resolve) => ui.press([{ ...key, press: () => resolve(undefined) }]));
}

async function waitForApproval({ request, authorization }: ShownCode, effects: Effects): Promise<Grant> {
  const { timeout = Infinity } = request;
  const end = Math.min(authorization.expiresAt, effects.clock.now() + timeout * 1000);
  const stop = effects.ui.countdown('Waiting for approval', end);
  try {
    return { tokens: await pollForToken({ request, authorization }, effects) };
  } catch (error) {
    throw isGrantError(error) ? createRefusedError(request, error) : error;
  } finally {
    stop();
  }
}

/** The user has not been asked to approve yet, so if the endpoint fails, the next flow can be tried. */
async function requestUserCode(request: FlowRequest, effects: Effects): Promise<DeviceAuthorization> {
  if (!hasGrant(request.client, deviceCodeGrant)) throw createRefusedError(request);
  try {
    return await checkPage(await requestDeviceAuthorization(request, effects), request, effects);
  } catch (error) {
    throw allowsNextFlow(error, request) ? createRefusedError(request, error) : error;
  }
}

/** Whether another flow may succeed after this error. */
function allowsNextFlow(error: unknown, { isClientReused }: FlowRequest): error is AuthError {
  if (!(error instanceof OAuthError)) return hasCode(error, ...brokenEndpoint);
  // A stored registration may be outdated: registering again comes first. If only the grant is missing, that has been tried.
  if (isClientReused && outdatedRegistrationErrors.has(error.error) && !isGrantError(error)) return false;
  // Every other flow would send the same resource and scope.
  if (rejectsResource(error) || error.error === 'invalid_scope') return false;
  return error.status === 429 || hasCode(error, ...brokenEndpoint);
}

/**
 * The page where the user enters the code must belong to the authorization server, or the user must confirm it: a foreign page
 * could show the code of another login.
 */
async function checkPage(
  authorization: DeviceAuthorization,
  { metadata: { issuer }, ownAddresses }: FlowRequest,
  effects: Effects,
): Promise<DeviceAuthorization> {
  const { verificationUri, verificationUriComplete = verificationUri } = authorization;
  const pages = [...new Set([verificationUri, verificationUriComplete])].map((page) => new URL(page));
  const foreign = pages.filter((page) => !isOwnAddress(page, ownAddresses)).map(({ host }) => ({ name: 'verification_uri', host }));
  if (foreign.length > 0) await confirmEndpoints({ issuer, foreign, trusted: undefined }, effects);
  return authorization;
}

function isGrantError(error: unknown): error is OAuthError {
  return error instanceof OAuthError && grantErrors.has(error.error);
}

function createRefusedError({ metadata }: FlowRequest, cause?: AuthError): AuthError {
  const reason = cause === undefined ? '.' : `: ${cause.message}`;
  return new AuthError('flow_refused', `${metadata.issuer} does not let this client use a device code${reason}`, {
    hint: 'Use --flow paste.',
    cause,
  });
}

/**
 * Shows the code, even if the URL contains it: the user compares the two (RFC 8628 section 3.3.1). Also says what to check before
 * approving (section 5.4).
 */
async function present({ request, authorization }: ShownCode, { ui }: Effects): Promise<void> {
  const { verificationUri, verificationUriComplete, userCode, expiresIn, interval } = authorization;
  ui.event({
    event: 'device_code',
    verification_uri: verificationUri,
    verification_uri_complete: verificationUriComplete,
    user_code: userCode,
    expires_in: expiresIn,
    interval,
    ...request.secondStep,
  });
  ui.say();
  await ui.qr(verificationUriComplete ?? verificationUri);
  ui.say('On any device, open');
  ui.say();
  ui.address(verificationUri);
  ui.say();
  ui.say('and enter the code');
  ui.say();
  ui.code(userCode);
  ui.say();
  const { host } = new URL(verificationUri);
  const server = `${request.serverName} (${request.serverHost})`;
  ui.remark(`Approve only a login that you started yourself. The page is at ${host}, shows this code, and lets mcp-auth use ${server}.`);
}
