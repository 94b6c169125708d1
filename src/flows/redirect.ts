/** What paste and browser share: one authorization request whose response comes by whichever way is first. */
import { once } from 'node:events';
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError, hasCode, toAuthError } from '../errors.js';
import {
  requestRegistrationProblem,
  requestTokenByCode,
  startAuthorization,
  type AuthorizationAttempt,
  type AuthorizationResponse,
} from '../oauth/authorization-code.js';
import { parsePastedResponse } from '../oauth/pasted-response.js';
import { OAuthError } from '../oauth/protocol-error.js';
import type { TokenResponse } from '../oauth/token.js';
import { quote } from '../text/server-text.js';
import type { FlowRequest, Grant } from './flow.js';
import { listenOnLoopback, type LoopbackListener } from './loopback.js';
import { race } from './race.js';
import { withTimeLimit } from './time-limit.js';

/** Seconds that the person has to approve, where they did not say otherwise. */
export const defaultTimeoutSeconds = 600;
/** After these, what was pasted was wrong, and another paste may be right. */
const pasteAgain = [
  'nothing_pasted',
  'not_an_address',
  'address_mismatch',
  'address_incomplete',
  'state_mismatch',
  'code_missing',
] as const;

/** Tells the person what to do with an attempt's URL. Resolves to what ends that, as the keys that they may press. */
export type PresentAttempt = (attempt: AuthorizationAttempt, listening: boolean) => Promise<() => void>;

/**
 * Sends the person to the authorization server and waits for the browser to come back to the listener, or for the
 * address that it ended on to be pasted. Whichever is first wins; the other is cancelled.
 */
export async function grantByRedirect(
  { request, present }: { request: FlowRequest; present: PresentAttempt },
  context: Context,
): Promise<Grant> {
  return withTimeLimit(request.timeout ?? defaultTimeoutSeconds, context, (limited) => redirect({ request, present }, limited));
}

/**
 * A new authorization request.
 *
 * @throws OAuthError `invalid_client` and the like when the client of an earlier login is outdated.
 */
export async function startRedirect(request: FlowRequest, context: Context): Promise<AuthorizationAttempt> {
  const attempt = await startAuthorization(request, context);
  const problem = request.isClientReused ? await requestRegistrationProblem(attempt, context) : undefined;
  if (problem !== undefined) throw outdated(request, problem);
  return attempt;
}

/** Waits for the address of an attempt whose URL the person has been shown, and exchanges the code in it. */
export async function finishRedirect(
  { attempt, listener }: { attempt: AuthorizationAttempt; listener?: LoopbackListener },
  context: Context,
): Promise<TokenResponse> {
  const { ui } = context;
  const letters: Letters = { before: '', problem: nothingPasted() };
  for (;;) {
    const { code } = await firstResponse({ attempt, listener, letters }, context);
    try {
      return await requestTokenByCode({ attempt, code }, context);
    } catch (error) {
      // A code lives for a minute or so, and is good once. The address that gave it gives another, unless it was pushed.
      if (!hasCode(error, 'invalid_grant') || ui.input !== 'terminal' || attempt.opensUntil !== undefined) throw error;
      await listener?.respond(error);
      ui.fail(error.message, 'Open the address again, approve once more, and paste what you end on then.');
    }
  }
}

async function redirect({ request, present }: { request: FlowRequest; present: PresentAttempt }, context: Context): Promise<Grant> {
  const attempt = await startRedirect(request, context);
  const listener = await listenOnLoopback(attempt);
  const close = async (error?: AuthError) => {
    await listener?.respond(error);
    await listener?.close();
  };
  try {
    if (context.ui.input === 'none' && listener === undefined) throw nowhereToAnswer(request);
    const stop = await present(attempt, listener !== undefined);
    const tokens = await finishRedirect({ attempt, listener }, context).finally(stop);
    return { tokens, respondToBrowser: close };
  } catch (error) {
    await close(toAuthError(error));
    throw error;
  }
}

/** Said before anybody is sent to approve in vain. */
function nowhereToAnswer({ redirectUri, serverName }: FlowRequest): AuthError {
  return new AuthError(
    'no_flow',
    `The answer could not reach mcp-auth: there is no stdin to paste into, and ${redirectUri} cannot be listened on.`,
    {
      hint: `Log in in two steps: ${formatCommand`mcp-auth login ${serverName} --start`}, then --finish. Or free that port, or choose another with --callback-port.`,
    },
  );
}

/** The registration of an earlier login cannot be used for this one. */
function outdated({ metadata, client }: FlowRequest, error: string): OAuthError {
  const id = quote(client.client_id);
  const why =
    error === 'invalid_scope' ? `has not registered the client ${id} for these scopes` : `does not know the client ${id} any more`;
  return new OAuthError(error, `${metadata.issuer} ${why}.`, { hint: 'Register again with --register.' });
}

/** What was pasted so far and could not be read, and why. */
interface Letters {
  before: string;
  problem: AuthError;
}

async function firstResponse(
  { attempt, listener, letters }: { attempt: AuthorizationAttempt; listener: LoopbackListener | undefined; letters: Letters },
  context: Context,
): Promise<AuthorizationResponse> {
  return race<AuthorizationResponse>(context, (join) => {
    join((limited) => pastedResponse({ attempt, listening: listener !== undefined, letters }, limited));
    if (listener) join(({ signal }) => listener.waitForResponse(signal));
  });
}

/**
 * Asks for the address until it is right, and says of each wrong one what is wrong. Rejects when nothing more can come,
 * with what was wrong with the last one; where nothing could ever come, the listener is waited for.
 */
async function pastedResponse(
  { attempt, listening, letters }: { attempt: AuthorizationAttempt; listening: boolean; letters: Letters },
  { ui, signal }: Context,
): Promise<AuthorizationResponse> {
  if (ui.input === 'none' && listening) return untilAborted(signal);
  for (;;) {
    const text = await ui.paste({ message: 'Paste the address here:', signal });
    if (text === undefined) throw letters.problem;
    try {
      return parseWithWhatCameBefore(text, { attempt, letters });
    } catch (error) {
      if (!hasCode(error, ...pasteAgain)) throw error;
      letters.problem = error;
      if (ui.input !== 'none') ui.fail(error.message, error.hint);
    }
  }
}

/**
 * A paste may arrive in pieces: over a slow line, or where somebody copies the rows of a window one by one. With a
 * beginning there, what comes is its end before it is anything else: alone it may look like a code.
 */
function parseWithWhatCameBefore(
  text: string,
  { attempt, letters }: { attempt: AuthorizationAttempt; letters: Letters },
): AuthorizationResponse {
  const joined = letters.before + text;
  try {
    return parsePastedResponse(joined, attempt);
  } catch (error) {
    if (!hasCode(error, ...pasteAgain)) throw error;
    const isBeginning = hasCode(error, 'address_incomplete');
    const before = letters.before;
    letters.before = isBeginning ? joined : '';
    if (before === '' || isBeginning) throw error;
    return parseWithWhatCameBefore(text, { attempt, letters });
  }
}

function nothingPasted(): AuthError {
  return new AuthError('nothing_pasted', 'Nothing was pasted.', {
    hint: 'Give the address that the browser ends on as one line on stdin, or run this at a terminal.',
  });
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}
