/** The work of the process that renews tokens for another one. */
import type { Context, Ui } from '../context.js';
import { toAuthError } from '../errors.js';
import { withoutSecrets } from '../secrets/secrets.js';
import { renewEach } from './many.js';
import { flattened, type Answer, type RenewalRequest } from './refresher-messages.js';
import { renewHere, type Renewal } from './renew-here.js';

export interface Answering {
  readonly context: Context;
  readonly send: (answer: Answer) => void;
}

/** Does what a request asks for, in this process, and says what has become of each login. */
export async function answerRequest({ names = [], renewals = [] }: RenewalRequest, { context, send }: Answering): Promise<void> {
  send({ is: 'started' });
  const ended = (name: string, failure: unknown) =>
    send({ is: 'ended', name, ...(failure !== undefined && { failure: flattened(withoutSecrets(toAuthError(failure), context.env)) }) });
  const renewed = async (renewal: Renewal) => {
    await renewHere(renewal, context).then(
      () => ended(renewal.name, undefined),
      (error: unknown) => ended(renewal.name, error),
    );
  };
  await Promise.all(renewals.map(renewed));
  await renewEach(names, (one) => ended(one.name, 'failure' in one ? one.failure : undefined), context);
}

/** The words of a renewal, for the one who asked for it. */
export function sayTo(send: (answer: Answer) => void): Pick<Ui, 'warn' | 'fail' | 'remark'> {
  return {
    warn: (text) => send({ is: 'said', how: 'warn', text }),
    remark: (text) => send({ is: 'said', how: 'remark', text }),
    fail: (text, hint) => send({ is: 'said', how: 'fail', text, ...(hint !== undefined && { hint }) }),
  };
}
