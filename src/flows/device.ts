import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { pollForToken, requestDeviceAuthorization, type DeviceAuthorization } from '../oauth/device-authorization.js';
import { OAuthError } from '../oauth/protocol-error.js';
import { deviceCodeGrant, hasGrant, outdatedErrors } from '../oauth/registration.js';
import type { Flow, FlowRequest, Grant } from './flow.js';
import { withinTime } from './time-limit.js';

/** RFC 6749 and RFC 8628 errors that mean: this client may not use the device grant. */
const refusals = new Set(['unauthorized_client', 'unsupported_grant_type']);
/** What an endpoint answers that does not work, or not for us: the metadata promised more than there is. */
const brokenEndpoint = ['request_refused', 'response_invalid'] as const;

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
    await present({ request, authorization }, context);
    // The code's own life is the limit, unless the person set another.
    return withinTime(request.timeout, context, (limited) => waitForApproval({ request, authorization }, limited));
  },
};

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
    return await requestDeviceAuthorization(request, context);
  } catch (error) {
    // A registration of before may be outdated: a new one has its chance first. One that lacks the grant has had it.
    const outdated = request.clientReused && error instanceof OAuthError && outdatedErrors.has(error.error) && !isRefusal(error);
    throw hasCode(error, ...brokenEndpoint) && !outdated ? refused(request, error) : error;
  }
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
  });
  ui.say();
  if (verificationUriComplete !== undefined) await ui.qr(verificationUriComplete);
  ui.say('On any device, open');
  ui.say();
  ui.address(verificationUri);
  ui.say();
  ui.say('and enter the code');
  ui.say();
  ui.code(userCode);
  ui.say();
  ui.remark(`Approve only what you started yourself: mcp-auth, for ${request.serverName} (${new URL(request.resource).host}).`);
}
