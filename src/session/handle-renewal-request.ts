/** What the refresher does for the process that has started it. */
import type { Context } from '../context.js';
import type { Messages } from '../effects.js';
import { toAuthError } from '../errors.js';
import { redactError } from '../secrets/secrets.js';
import { renewEach, type RenewalResult } from './renew-each.js';
import { serializeError, type RefresherMessage, type RenewalRequest } from './refresher-messages.js';
import { renewInProcess } from './renew-in-process.js';
import type { RenewalTask } from './renewal-task.js';

export interface RenewalRequestHandling {
  readonly context: Context;
  /** Sends a message to the process that has started this one. */
  readonly send: (message: RefresherMessage) => void;
}

/** Renews the logins of a request in this process, and sends the outcome of each. */
export async function handleRenewalRequest(
  { names = [], renewals = [] }: RenewalRequest,
  { context, send }: RenewalRequestHandling,
): Promise<void> {
  send({ is: 'started' });
  const sendSuccess = (name: string) => send({ is: 'ended', name });
  const sendFailure = (name: string, error: unknown) => {
    send({ is: 'ended', name, failure: serializeError(redactError(toAuthError(error), context.env)) });
  };
  const renew = async (task: RenewalTask) => {
    await renewInProcess(task, context).then(
      () => sendSuccess(task.name),
      (error: unknown) => sendFailure(task.name, error),
    );
  };
  await Promise.all(renewals.map(renew));
  const report = (result: RenewalResult) => {
    if ('failure' in result) sendFailure(result.name, result.failure);
    else sendSuccess(result.name);
  };
  await renewEach(names, report, context);
}

/** Sends messages for the user to the process that has started this one. */
export function createMessageSender(send: (message: RefresherMessage) => void): Pick<Messages, 'warn' | 'fail' | 'remark'> {
  return {
    warn: (text) => send({ is: 'said', how: 'warn', text }),
    remark: (text) => send({ is: 'said', how: 'remark', text }),
    fail: (text, hint) => send({ is: 'said', how: 'fail', text, hint }),
  };
}
