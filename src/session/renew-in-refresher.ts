/**
 * A renewal in a process of its own. A refresh token is spent as soon as its server has seen it: whoever asked for the renewal may
 * be killed, time out or be closed with its terminal, and the answer is stored all the same.
 */
import type { Context } from '../context.js';
import type { Refresher, Ui } from '../effects.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { deserializeError, type RefresherMessage, type RenewalRequest, type UserMessage } from './refresher-messages.js';

/** What became of one renewal. */
export interface RefresherOutcome {
  readonly name: string;
  readonly failure?: AuthError;
}

/**
 * Has logins renewed by a process of its own, and hands over what becomes of each.
 *
 * @returns whether there could be such a process. Where not, nothing has been done.
 * @throws the signal's reason: the process goes on all the same.
 */
export async function renewInRefresher(
  { take, ...asked }: Omit<RenewalRequest, 'store'> & { take: (outcome: RefresherOutcome) => void },
  { refresher, context: { store, ui, signal } }: { refresher: Refresher; context: Context },
): Promise<boolean> {
  const seen = { started: false, open: new Set([...(asked.names ?? []), ...(asked.renewals ?? []).map(({ name }) => name)]) };
  const request: RenewalRequest = { store: store.path, ...asked };
  await refresher.start(request, {
    signal,
    take: (message) => {
      const answer = message as RefresherMessage;
      if (answer.is === 'started') seen.started = true;
      if (answer.is === 'said') showUserMessage(answer, ui);
      if (answer.is === 'ended') {
        seen.open.delete(answer.name);
        take({ name: answer.name, ...(answer.failure && { failure: deserializeError(answer.failure) }) });
      }
      return seen.started && seen.open.size === 0;
    },
  });
  if (!seen.started) return false;
  for (const name of seen.open) take({ name, failure: brokenOff(name) });
  return true;
}

/** Says what the other process has to say. */
export function showUserMessage({ how, text, hint }: UserMessage, ui: Pick<Ui, UserMessage['how']>): void {
  if (how === 'fail') ui.fail(text, hint);
  else ui[how](text);
}

/** The other process has been ended from outside, as by a system that is short of memory. */
function brokenOff(name: string): AuthError {
  return new AuthError('program_failed', `The process that renews the token of ${name} was ended before it was done.`, {
    hint: `Run the command again. If the login has ended: ${formatCommand`mcp-auth login ${name}`}`,
  });
}
