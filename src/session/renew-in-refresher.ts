/**
 * Renewing logins in a process of its own, the refresher. A refresh token is spent as soon as the server has seen it. If this
 * process is killed, times out, or is closed with its terminal, the refresher still stores the response.
 */
import type { Context } from '../context.js';
import type { Messages, Refresher } from '../effects.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { deserializeError, type RefresherMessage, type RenewalRequest, type UserMessage } from './refresher-messages.js';

export interface RefresherOutcome {
  readonly name: string;
  readonly failure?: AuthError;
}

/**
 * Renews logins in the refresher, and calls `take` with the outcome of each.
 *
 * @returns whether a refresher could be started. If not, nothing was done.
 * @throws the reason of the signal. The refresher carries on.
 */
export async function renewInRefresher(
  { take, ...asked }: Omit<RenewalRequest, 'store'> & { take: (outcome: RefresherOutcome) => void },
  { refresher, context: { store, ui, signal } }: { refresher: Refresher; context: Context },
): Promise<boolean> {
  let isStarted = false;
  const pending = new Set([...(asked.names ?? []), ...(asked.renewals ?? []).map(({ name }) => name)]);
  const request: RenewalRequest = { store: store.path, ...asked };
  await refresher.start(request, {
    signal,
    take: (received) => {
      const message = received as RefresherMessage;
      if (message.is === 'started') isStarted = true;
      if (message.is === 'said') showUserMessage(message, ui);
      if (message.is === 'ended') {
        pending.delete(message.name);
        take({ name: message.name, failure: message.failure && deserializeError(message.failure) });
      }
      return isStarted && pending.size === 0;
    },
  });
  // The callback above has set it.
  if (!(isStarted as boolean)) return false;
  for (const name of pending) take({ name, failure: createKilledError(name) });
  return true;
}

/** Shows the user a message of the refresher. */
export function showUserMessage({ how, text, hint }: UserMessage, ui: Pick<Messages, UserMessage['how']>): void {
  if (how === 'fail') ui.fail(text, hint);
  else ui[how](text);
}

/** For a refresher that was killed from outside, for example for lack of memory. */
function createKilledError(name: string): AuthError {
  return new AuthError('program_failed', `The process that renews the token of ${name} was killed before it was done.`, {
    hint: `Run the command again. If the login has expired: ${formatCommand`mcp-auth login ${name}`}`,
  });
}
