import type { Context } from '../context.js';
import type { Key } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { findAuthorizationCodeProblem } from '../oauth/authorization-code.js';
import { isOwnAddress } from '../oauth/endpoints.js';
import { pollForToken, requestDeviceAuthorization, type DeviceAuthorization } from '../oauth/device-authorization.js';
import { OAuthError } from '../oauth/protocol-error.js';
import { rejectsResource } from '../oauth/error-response.js';
import { deviceCodeGrant, hasGrant, outdatedRegistrationErrors } from '../oauth/registration.js';
import { confirmEndpoints } from './confirm.js';
import type { Flow, FlowRequest, Grant, FlowState } from './flow.js';
import { paste } from './paste.js';
import { race } from './race.js';
import { withTimeLimit } from './time-limit.js';

/** RFC 6749 and RFC 8628 errors that mean: this client may not use the device grant. */
const refusals = new Set(['unauthorized_client', 'unsupported_grant_type']);
/** What an endpoint answers that does not work, or not for us: the metadata promised more than there is. */
const brokenEndpoint = ['request_refused', 'response_invalid'] as const;
/** Seconds that a person may leave an expired code before the login is given up. */
const patience = 600;

/** The device authorization grant: RFC 8628. */
export const device: Flow = {
  name: 'device',
  summary: 'Enter a short code on any other device',
  grantType: deviceCodeGrant,
  client: 'any',
  unattended: false,
  unavailable: ({ metadata }) =>
    metadata.device_authorization_endpoint === undefined ? 'the authorization server has no device authorization endpoint' : undefined,
  run: async (request, context) => {
    const authorization = await requestUserCode(request, context);
    // The code's own life is the limit, unless the person set another.
    return withTimeLimit(request.timeout, context, (limited) => byCodeOrPaste({ request, authorization }, limited));
  },
  twoSteps: {
    start: async (request, context) => {
      const authorization = await requestUserCode(request, context);
      return { expiresAt: authorization.expiresAt, state: { ...authorization }, show: () => present({ request, authorization }, context) };
    },
    finish: ({ request, kept }, context) => {
      const authorization = readAuthorization(kept);
      return withTimeLimit(request.timeout, context, (limited) => waitForApproval({ request, authorization }, limited));
    },
  },
};

/** What `start` kept; what has been changed by hand makes a poll that its server refuses. */
function readAuthorization(kept: FlowState): DeviceAuthorization {
  return kept as unknown as DeviceAuthorization;
}

/** Polls, and on `p` lets the person paste as well, by the same client: whichever is first. */
async function byCodeOrPaste(
  { request, authorization }: { request: FlowRequest; authorization: DeviceAuthorization },
  context: Context,
): Promise<Grant> {
  return race<Grant>(context, (join) => {
    const toPaste: Key = { key: 'p', help: 'paste instead', press: () => join((limited) => paste.run(request, limited)) };
    const canPaste = request.redirectUri !== '' && findAuthorizationCodeProblem(request.metadata, request.dialect) === undefined;
    join((limited) => byCode({ request, authorization, more: canPaste ? [toPaste] : [] }, limited));
  });
}

/** Shows a code and waits. One that has expired is followed by another when a person at the terminal wants it. */
async function byCode(
  { request, authorization, more }: { request: FlowRequest; authorization: DeviceAuthorization; more: readonly Key[] },
  context: Context,
): Promise<Grant> {
  const { ui, signal } = context;
  await present({ request, authorization }, context);
  const shown = authorization.verificationUriComplete ?? authorization.verificationUri;
  const keys: Key[] = [
    { key: 'c', help: 'copy the address', press: () => void ui.copy(shown) },
    { key: 'q', help: 'QR code', press: () => void ui.qr(shown, true) },
  ];
  // Another way has keys of its own, and takes the place of these.
  const others = more.map((key) => ({
    ...key,
    press: () => {
      stop();
      key.press();
    },
  }));
  const stop = ui.press([...keys, ...others]);
  try {
    return await waitForApproval({ request, authorization }, context);
  } catch (error) {
    if (!hasCode(error, 'timed_out') || signal.aborted || ui.input !== 'terminal') throw error;
    stop();
    ui.warn('The code has expired.');
  } finally {
    stop();
  }
  await withTimeLimit(patience, context, (limited) => pressed({ key: 'n', help: 'get a new code' }, limited));
  return byCode({ request, authorization: await requestUserCode(request, context), more: [] }, context);
}

/** Waits until the person presses a key. */
async function pressed(key: Omit<Key, 'press'>, { ui, signal }: Context): Promise<void> {
  let stop: (() => void) | undefined;
  let abort!: () => void;
  await new Promise<void>((resolve, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
    stop = ui.press([{ ...key, press: resolve }]);
  }).finally(() => {
    signal.removeEventListener('abort', abort);
    stop?.();
  });
}

async function waitForApproval(
  { request, authorization }: { request: FlowRequest; authorization: DeviceAuthorization },
  context: Context,
): Promise<Grant> {
  const { timeout = Infinity } = request;
  const end = Math.min(authorization.expiresAt, context.clock.now() + timeout * 1000);
  const stop = context.ui.countdown('Waiting for approval', end);
  try {
    return { tokens: await pollForToken({ request, authorization }, context) };
  } catch (error) {
    throw isRefusal(error) ? refused(request, error) : error;
  } finally {
    stop();
  }
}

/** Nobody has been sent to approve yet, so that whatever the endpoint refuses leaves the next flow to be tried. */
async function requestUserCode(request: FlowRequest, context: Context): Promise<DeviceAuthorization> {
  if (!hasGrant(request.client, deviceCodeGrant)) throw refused(request);
  try {
    return await checkPage(await requestDeviceAuthorization(request, context), request, context);
  } catch (error) {
    // A registration of before may be outdated: a new one has its chance first. One that lacks the grant has had it.
    const outdated =
      request.isClientReused && error instanceof OAuthError && outdatedRegistrationErrors.has(error.error) && !isRefusal(error);
    const busy = error instanceof OAuthError && error.status === 429;
    // What is asked for is refused, and would be by every other way: the person has to ask for something else.
    const isOfRequest = error instanceof OAuthError && (rejectsResource(error) || error.error === 'invalid_scope');
    throw (busy || hasCode(error, ...brokenEndpoint)) && !outdated && !isOfRequest ? refused(request, error) : error;
  }
}

/** The page where a code is entered is the authorization server's own, or a person vouches for it: it may be another's, with another's code. */
async function checkPage(
  authorization: DeviceAuthorization,
  { metadata: { issuer }, places }: FlowRequest,
  context: Context,
): Promise<DeviceAuthorization> {
  const { verificationUri, verificationUriComplete = verificationUri } = authorization;
  const pages = [...new Set([verificationUri, verificationUriComplete])].map((page) => new URL(page));
  const foreign = pages.filter((page) => !isOwnAddress(page, places)).map(({ host }) => ({ name: 'verification_uri', host }));
  if (foreign.length > 0) await confirmEndpoints({ issuer, foreign, trusted: undefined }, context);
  return authorization;
}

function isRefusal(error: unknown): error is OAuthError {
  return error instanceof OAuthError && refusals.has(error.error);
}

function refused({ metadata }: FlowRequest, cause?: AuthError): AuthError {
  const reason = cause === undefined ? '.' : `: ${cause.message}`;
  return new AuthError('flow_refused', `${metadata.issuer} does not let this client use a device code${reason}`, {
    hint: 'Use --flow paste.',
    cause,
  });
}

/** The code is always shown, for the person to compare (RFC 8628 section 3.3.1), and what to look at before (section 5.4). */
async function present(
  { request, authorization }: { request: FlowRequest; authorization: DeviceAuthorization },
  { ui }: Context,
): Promise<void> {
  const { verificationUri, verificationUriComplete, userCode, expiresIn, interval } = authorization;
  ui.event({
    event: 'device_code',
    verification_uri: verificationUri,
    ...(verificationUriComplete !== undefined && { verification_uri_complete: verificationUriComplete }),
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
  const asked = `${request.serverName} (${request.serverHost})`;
  ui.remark(`Approve only what you started yourself: the page is at ${host}, shows this code, and asks for mcp-auth to use ${asked}.`);
}
