/**
 * The authorization code grant through a relay, for a browser that cannot reach this machine: the user opens a short address of the
 * relay on any device, approves, and enters there the short code that the terminal shows. Nothing has to be carried back.
 */
import type { Effects } from '../effects.js';
import { AuthError, toAuthError } from '../errors.js';
import { findAuthorizationCodeProblem, supportsFragment, type AuthorizationAttempt } from '../oauth/authorization-code.js';
import { redirectUriOf } from '../relay-protocol/messages.js';
import { formatShortCode } from '../relay-protocol/short-code.js';
import type { Flow, FlowRequest, FlowState, Grant, Relay } from './flow.js';
import { defaultTimeoutSeconds, finishRedirect, grantByRedirect, startRedirect } from './redirect.js';
import { withTimeLimit } from './time-limit.js';
import { RelaySession, createSessionSecrets } from './relay-session.js';

export const relay: Flow = {
  name: 'relay',
  summary: 'Open a short URL on any device, approve, and enter a short code there; needs a relay',
  grantType: 'authorization_code',
  client: 'any',
  unattended: false,
  unavailable: ({ metadata, dialect, relay: set, inTwoSteps, held }) => {
    if (set === undefined) return 'no relay is used (mcp-auth config relay URL)';
    if (inTwoSteps && held === undefined) return 'its key is not stored, so the process that starts it has to finish it';
    return findAuthorizationCodeProblem(metadata, dialect);
  },
  run: async (request, effects) => {
    const { asked, openSession } = await prepareSession(request, effects);
    let session: RelaySession | undefined;
    const listen = async (attempt: AuthorizationAttempt) => (session = await openSession(attempt));
    const pastePrompt = 'Only if the page fails, paste its address here:';
    return grantByRedirect({ request: asked, listen, pastePrompt, present: () => present({ request, session }, effects) }, effects);
  },
  twoSteps: {
    start: async (request, effects) => {
      const { asked, openSession } = await prepareSession(request, effects);
      const attempt = await startRedirect(asked, effects);
      const session = await openSession(attempt);
      request.held?.set(session.id, { attempt, listener: session });
      return {
        expiresAt: effects.clock.now() + (request.timeout ?? defaultTimeoutSeconds) * 1000,
        state: toState(session),
        show: async () => (await present({ request, session }, effects))(),
      };
    },
    readInvitation: (state) => {
      const { address, user_code: userCode } = fromState(state);
      return { address, userCode };
    },
    finish: ({ request, state }, effects) => {
      const limit = request.timeout ?? defaultTimeoutSeconds;
      return withTimeLimit(limit, effects, (limited) => finishHeld({ request, id: fromState(state).id }, limited));
    },
  },
};

/** What is stored of a session: what the user is shown. */
interface RelayState {
  readonly id: string;
  readonly address: string;
  readonly user_code: string;
}

function toState({ id, address, code }: RelaySession): FlowState {
  const state: RelayState = { id, address, user_code: formatShortCode(code) };
  return { ...state };
}

function fromState(state: FlowState): RelayState {
  return state as unknown as RelayState;
}

/** Waits for the response, in the process that has the key. */
async function finishHeld({ request, id }: { request: FlowRequest; id: string }, effects: Effects): Promise<Grant> {
  const login = request.held?.get(id);
  if (login === undefined) throw createOtherProcessError();
  const { attempt, listener } = login;
  const close = async (error?: AuthError) => {
    request.held?.delete(id);
    await listener.respond(error);
    await listener.close();
  };
  try {
    return { tokens: await finishRedirect({ attempt, listener }, effects), respondToBrowser: close };
  } catch (error) {
    await close(toAuthError(error));
    throw error;
  }
}

interface PreparedSession {
  readonly asked: FlowRequest;
  /** Opens the session of an authorization request that was made as `asked`. */
  readonly openSession: (attempt: AuthorizationAttempt) => Promise<RelaySession>;
}

async function prepareSession(request: FlowRequest, effects: Effects): Promise<PreparedSession> {
  if (!isForRelay(request)) throw createOtherRedirectError(request);
  const secrets = await createSessionSecrets();
  const asked: FlowRequest = {
    ...request,
    statePrefix: secrets.id,
    ...(supportsFragment(request.metadata) && { responseMode: 'fragment' }),
  };
  const openSession = async (attempt: AuthorizationAttempt) => {
    const session = new RelaySession({ ...secrets, relay: request.relay, request: asked, attempt }, effects);
    await openOrRefuse(session, request.relay);
    return session;
  };
  return { asked, openSession };
}

/** Whether the browser of this login is redirected to the relay. */
export function isForRelay<T extends Pick<FlowRequest, 'relay' | 'redirectUri'>>(request: T): request is T & { readonly relay: Relay } {
  return request.relay !== undefined && request.redirectUri === redirectUriOf(request.relay.url);
}

/** If the relay fails before the user has been sent anywhere, the next flow can be tried. */
async function openOrRefuse(session: RelaySession, { url }: Relay): Promise<void> {
  try {
    await session.open();
  } catch (error) {
    const { message, hint } = toAuthError(error);
    throw new AuthError('flow_refused', `The relay ${url} cannot be used: ${message}`, { hint, cause: error });
  }
}

function createOtherProcessError(): AuthError {
  return new AuthError('attempt_unknown', 'The process that has started this login has ended, and its key with it.', {
    hint: 'Start another login.',
  });
}

function createOtherRedirectError({ relay: set, redirectUri, client }: FlowRequest): AuthError {
  const wanted = set === undefined ? '' : redirectUriOf(set.url);
  return new AuthError('flow_refused', `The client ${client.client_id} is redirected to ${redirectUri} and not to the relay.`, {
    hint: `Register the redirect URI ${wanted} for it, and pass --redirect-uri ${wanted}.`,
  });
}

interface Shown {
  readonly request: FlowRequest;
  readonly session: RelaySession | undefined;
}

/** Shows the address and the code. Returns a function that removes the keys and the countdown. */
async function present({ request, session }: Shown, { ui, clock }: Effects): Promise<() => void> {
  const { address = '', code = '' } = session ?? {};
  const seconds = request.timeout ?? defaultTimeoutSeconds;
  const shownCode = formatShortCode(code);
  ui.event({
    ...{ event: 'device_code', verification_uri: address, user_code: shownCode, expires_in: seconds, interval: 0, via: 'relay' },
    ...request.secondStep,
  });
  ui.say();
  await ui.qr(address);
  ui.say('On any device, open');
  ui.say();
  ui.address(address);
  ui.say();
  const { host } = new URL(request.metadata.authorization_endpoint ?? address);
  ui.say(`approve at ${host}, and then enter the code`);
  ui.say();
  ui.code(shownCode);
  ui.say();
  const server = `${request.serverName} (${request.serverHost})`;
  ui.remark(`Approve only a login that you started yourself. It lets mcp-auth use ${server}.`);
  const stopCountdown = ui.countdown('Waiting for approval', clock.now() + seconds * 1000);
  const removeKeys = ui.press([
    { key: 'c', help: 'copy the address', press: () => void ui.copy(address) },
    { key: 'q', help: 'QR code', press: () => void ui.qr(address, true) },
  ]);
  return () => {
    stopCountdown();
    removeKeys();
  };
}
