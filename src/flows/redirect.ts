/** What paste and browser share: one authorization request whose response comes by whichever way is first. */
import { once } from 'node:events';
import type { Context } from '../context.js';
import { AuthError, hasCode, interrupted, toAuthError } from '../errors.js';
import {
  parsePastedAddress,
  requestRegistrationProblem,
  requestTokenByCode,
  startAuthorization,
  type Attempt,
  type AuthorizationResponse,
} from '../oauth/authorization-code.js';
import { OAuthError } from '../oauth/protocol-error.js';
import { quoted } from '../server-text.js';
import type { FlowRequest, Grant } from './flow.js';
import { listen, type LoopbackListener } from './loopback.js';
import { withinTime } from './time-limit.js';

/** Seconds that the person has to approve, where they did not say otherwise. */
const patience = 600;
/** After these, what was pasted was wrong, and another paste may be right. */
const pasteAgain = ['nothing_pasted', 'not_an_address', 'address_mismatch', 'state_mismatch', 'code_missing'] as const;

/**
 * Sends the person to the authorization server and waits for the browser to come back to the listener, or for the
 * address that it ended on to be pasted. Whichever is first wins; the other is cancelled.
 *
 * @param present tells the person what to do with the attempt's URL.
 */
export async function grantByRedirect(
  { request, present }: { request: FlowRequest; present: (attempt: Attempt, listening: boolean) => Promise<void> },
  context: Context,
): Promise<Grant> {
  return withinTime(request.timeout ?? patience, context, (limited) => redirect({ request, present }, limited));
}

async function redirect(
  { request, present }: { request: FlowRequest; present: (attempt: Attempt, listening: boolean) => Promise<void> },
  context: Context,
): Promise<Grant> {
  const attempt = await startAuthorization(request, context);
  const problem = request.clientReused ? await requestRegistrationProblem(attempt, context) : undefined;
  if (problem !== undefined) throw outdated(request, problem);
  const listener = await listen(attempt);
  const close = async (error?: AuthError) => {
    await listener?.answer(error);
    await listener?.close();
  };
  try {
    if (context.ui.input === 'none' && listener === undefined) throw nowhereToAnswer(request);
    await present(attempt, listener !== undefined);
    const { code } = await firstResponse({ attempt, listener }, context);
    return { tokens: await requestTokenByCode({ attempt, code }, context), answerBrowser: close };
  } catch (error) {
    await close(toAuthError(error));
    throw error;
  }
}

/** Said before anybody is sent to approve in vain. */
function nowhereToAnswer({ redirectUri }: FlowRequest): AuthError {
  return new AuthError(
    'no_flow',
    `The answer could not reach mcp-auth: there is no stdin to paste into, and ${redirectUri} cannot be listened on.`,
    {
      hint: 'Run it at a terminal, or free that port, or choose another with --callback-port.',
    },
  );
}

/** The registration of an earlier login cannot be used for this one. */
function outdated({ metadata, client }: FlowRequest, error: string): OAuthError {
  const id = quoted(client.client_id);
  const why =
    error === 'invalid_scope' ? `has not registered the client ${id} for these scopes` : `does not know the client ${id} any more`;
  return new OAuthError(error, `${metadata.issuer} ${why}.`, { hint: 'Register again with --register.' });
}

async function firstResponse(
  { attempt, listener }: { attempt: Attempt; listener: LoopbackListener | undefined },
  context: Context,
): Promise<AuthorizationResponse> {
  const decided = new AbortController();
  const signal = AbortSignal.any([context.signal, decided.signal]);
  const ways = [pastedResponse({ attempt, listening: listener !== undefined, signal }, context)];
  if (listener) ways.push(listener.response(signal));
  try {
    return await Promise.race(ways);
  } finally {
    decided.abort(interrupted());
    await Promise.allSettled(ways);
  }
}

/**
 * Asks for the address until it is right, and says of each wrong one what is wrong. Rejects when nothing more can come,
 * with what was wrong with the last one; where nothing could ever come, the listener is waited for.
 */
async function pastedResponse(
  { attempt, listening, signal }: { attempt: Attempt; listening: boolean; signal: AbortSignal },
  { ui }: Context,
): Promise<AuthorizationResponse> {
  if (ui.input === 'none' && listening) return untilAborted(signal);
  let problem = new AuthError('nothing_pasted', 'Nothing was pasted.', {
    hint: 'Give the address that the browser ends on as one line on stdin, or run this at a terminal.',
  });
  for (;;) {
    const line = await ui.ask({ message: 'Address:', shorten: true, signal });
    if (line === undefined) throw problem;
    try {
      return parsePastedAddress(line, attempt);
    } catch (error) {
      if (!hasCode(error, ...pasteAgain)) throw error;
      problem = error;
      if (ui.input !== 'none') ui.fail(error.message, error.hint);
    }
  }
}

async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}
