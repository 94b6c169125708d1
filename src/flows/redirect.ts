/** The authorization code grant, shared by the flows browser and paste: a listener and a prompt wait for the redirect. */
import { abortable } from '../abortable.js';
import type { Effects } from '../effects.js';
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
import { OAuthError } from '../oauth/oauth-error.js';
import type { TokenResponse } from '../oauth/token.js';
import { quote } from '../text/server-text.js';
import type { FlowRequest, Grant } from './flow.js';
import { listenOnLoopback } from './loopback.js';
import type { ResponseListener } from './response-listener.js';
import { race } from './race.js';
import { withTimeLimit } from './time-limit.js';

/** Seconds within which the user has to approve, without `--timeout`. */
export const defaultTimeoutSeconds = 600;
/** Errors of a wrong paste, after which the user may paste again. */
export const pasteErrors = [
  'nothing_pasted',
  'not_an_address',
  'address_mismatch',
  'address_incomplete',
  'state_mismatch',
  'code_missing',
] as const;

/** Shows the user what to do with the URL of an attempt. Resolves to a function that removes the keys for it. */
export type PresentAttempt = (attempt: AuthorizationAttempt, isListening: boolean) => Promise<() => void>;

interface RedirectLogin {
  readonly request: FlowRequest;
  readonly present: PresentAttempt;
  /** What asks for the redirect URL. */
  readonly pastePrompt?: string;
  /** Listens where the browser is redirected to: by default on this machine. */
  readonly listen?: (attempt: AuthorizationAttempt) => Promise<ResponseListener | undefined>;
}

/**
 * Sends the user to the authorization server, then waits until the browser is redirected to the listener, or the user
 * pastes the redirect URL. The first to happen wins; the other is cancelled.
 */
export async function grantByRedirect(login: RedirectLogin, effects: Effects): Promise<Grant> {
  return withTimeLimit(login.request.timeout ?? defaultTimeoutSeconds, effects, (limited) => redirect(login, limited));
}

/**
 * Starts an authorization request.
 *
 * @throws OAuthError `invalid_client`, `unauthorized_client` or `invalid_scope` if the registration of an earlier login is outdated.
 */
export async function startRedirect(request: FlowRequest, effects: Effects): Promise<AuthorizationAttempt> {
  const attempt = await startAuthorization(request, effects);
  const problem = request.isClientReused ? await requestRegistrationProblem(attempt, effects) : undefined;
  if (problem !== undefined) throw createOutdatedError(request, problem);
  return attempt;
}

interface StartedRedirect {
  readonly attempt: AuthorizationAttempt;
  readonly listener?: ResponseListener | undefined;
  readonly pastePrompt?: string | undefined;
}

/** Waits for the redirect URL of an attempt whose URL has been shown, and exchanges its code for tokens. */
export async function finishRedirect(
  { attempt, listener, pastePrompt = 'Paste the address here:' }: StartedRedirect,
  effects: Effects,
): Promise<TokenResponse> {
  const { ui } = effects;
  const pasted: PastedSoFar = { beginning: '', problem: createNothingPastedError() };
  for (;;) {
    const { code } = await waitForFirstResponse({ attempt, listener, pastePrompt, pasted }, effects);
    try {
      return await requestTokenByCode({ attempt, code }, effects);
    } catch (error) {
      // A code is valid once, and for about a minute. The same URL gives another code, unless the request was pushed (RFC 9126).
      if (!hasCode(error, 'invalid_grant') || ui.input !== 'terminal' || attempt.opensUntil !== undefined) throw error;
      await listener?.respond(error);
      ui.fail(error.message, 'Open the address again, approve again, and paste the new address that the browser ends on.');
    }
  }
}

async function redirect({ request, present, pastePrompt, listen = listenOnLoopback }: RedirectLogin, effects: Effects): Promise<Grant> {
  const attempt = await startRedirect(request, effects);
  const listener = await listen(attempt);
  const close = async (error?: AuthError) => {
    await listener?.respond(error);
    await listener?.close();
  };
  try {
    // Before the user is sent to approve in vain.
    if (effects.ui.input === 'none' && listener === undefined) throw createUnreachableError(request);
    const removeKeys = await present(attempt, listener !== undefined);
    const tokens = await finishRedirect({ attempt, listener, pastePrompt }, effects).finally(removeKeys);
    return { tokens, respondToBrowser: close };
  } catch (error) {
    await close(toAuthError(error));
    throw error;
  }
}

function createUnreachableError({ redirectUri, serverName }: FlowRequest): AuthError {
  return new AuthError(
    'no_flow',
    `The redirect could not reach mcp-auth: stdin is closed, so nothing can be pasted, and ${redirectUri} cannot be listened on.`,
    {
      hint: `Use --start and --finish: ${formatCommand`mcp-auth login ${serverName} --start`}. Or free that port, or choose another one with --callback-port.`,
    },
  );
}

function createOutdatedError({ metadata, client }: FlowRequest, error: string): OAuthError {
  const id = quote(client.client_id);
  const problem = error === 'invalid_scope' ? `has not registered the client ${id} for these scopes` : `no longer knows the client ${id}`;
  return new OAuthError(error, `${metadata.issuer} ${problem}.`, { hint: 'Register again with --register.' });
}

/** What was pasted but could not be parsed yet, and why not. */
interface PastedSoFar {
  /** The beginning of a redirect URL; empty if there is none. */
  beginning: string;
  problem: AuthError;
}

interface Wait extends Pick<StartedRedirect, 'attempt' | 'listener'> {
  readonly pastePrompt: string;
  readonly pasted: PastedSoFar;
}

async function waitForFirstResponse({ listener, ...wait }: Wait, effects: Effects): Promise<AuthorizationResponse> {
  return race<AuthorizationResponse>(effects, (join) => {
    join((limited) => waitForPaste({ ...wait, isListening: listener !== undefined }, limited));
    if (listener) join(({ signal }) => listener.waitForResponse(signal));
  });
}

/**
 * Asks for the redirect URL until it is right, and reports what is wrong with each wrong one. Rejects with the last problem at
 * the end of stdin. If stdin was never open and a listener waits, waits until aborted.
 */
async function waitForPaste(
  { attempt, isListening, pastePrompt, pasted }: Omit<Wait, 'listener'> & { readonly isListening: boolean },
  { ui, signal }: Effects,
): Promise<AuthorizationResponse> {
  if (ui.input === 'none' && isListening) return abortable(signal, () => undefined);
  for (;;) {
    const text = await ui.paste({ message: pastePrompt, signal });
    if (text === undefined) throw pasted.problem;
    try {
      return parsePieces(text, { attempt, pasted });
    } catch (error) {
      if (!hasCode(error, ...pasteErrors)) throw error;
      pasted.problem = error;
      if (ui.input !== 'none') ui.fail(error.message, error.hint);
    }
  }
}

/**
 * Parses a paste that may arrive in pieces, as over a slow line, or when the user copies the rows of a window one by one. If a
 * beginning was pasted before, the text is first parsed as its end: on its own it may look like a code.
 */
function parsePieces(text: string, { attempt, pasted }: { attempt: AuthorizationAttempt; pasted: PastedSoFar }): AuthorizationResponse {
  const joined = pasted.beginning + text;
  try {
    return parsePastedResponse(joined, attempt);
  } catch (error) {
    if (!hasCode(error, ...pasteErrors)) throw error;
    const isIncomplete = hasCode(error, 'address_incomplete');
    const hadBeginning = pasted.beginning !== '';
    pasted.beginning = isIncomplete ? joined : '';
    if (!hadBeginning || isIncomplete) throw error;
    return parsePieces(text, { attempt, pasted });
  }
}

function createNothingPastedError(): AuthError {
  return new AuthError('nothing_pasted', 'Nothing was pasted.', {
    hint: 'Pass the address that the browser ends on as one line on stdin, or run this at a terminal.',
  });
}
