/** The work of the process that renews tokens for another one. */
import type { Context } from '../context.js';
import type { Ui } from '../effects.js';
import { toAuthError } from '../errors.js';
import { redactError } from '../secrets/secrets.js';
import { renewEach } from './renew-each.js';
import { serializeError, type RefresherMessage, type RenewalRequest } from './refresher-messages.js';
import { renewInProcess, type RenewalTask } from './renew-in-process.js';

export interface RenewalRequestHandling {
  readonly context: Context;
  readonly send: (answer: RefresherMessage) => void;
}

/** Does what a request asks for, in this process, and says what has become of each login. */
export async function handleRenewalRequest(
  { names = [], renewals = [] }: RenewalRequest,
  { context, send }: RenewalRequestHandling,
): Promise<void> {
  send({ is: 'started' });
  const ended = (name: string, failure: unknown) =>
    send({ is: 'ended', name, ...(failure !== undefined && { failure: serializeError(redactError(toAuthError(failure), context.env)) }) });
  const renewed = async (renewal: RenewalTask) => {
    await renewInProcess(renewal, context).then(
      () => ended(renewal.name, undefined),
      (error: unknown) => ended(renewal.name, error),
    );
  };
  await Promise.all(renewals.map(renewed));
  await renewEach(names, (one) => ended(one.name, 'failure' in one ? one.failure : undefined), context);
}

/** The words of a renewal, for the one who asked for it. */
export function createMessageSender(send: (answer: RefresherMessage) => void): Pick<Ui, 'warn' | 'fail' | 'remark'> {
  return {
    warn: (text) => send({ is: 'said', how: 'warn', text }),
    remark: (text) => send({ is: 'said', how: 'remark', text }),
    fail: (text, hint) => send({ is: 'said', how: 'fail', text, ...(hint !== undefined && { hint }) }),
  };
}
