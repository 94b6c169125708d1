import { AuthError } from '../../errors.js';
import { createCallbackUi } from '../../callback-ui.js';
import { createMessageSender, handleRenewalRequest } from '../../session/handle-renewal-request.js';
import type { RenewalRequest } from '../../session/refresher-messages.js';
import { readQuestion, respondLines } from '../responses.js';
import type { Endpoint } from '../service.js';

/** Renews logins for another process of the same user, which may end before they are renewed. */
export const renew: Endpoint = {
  route: 'POST /v1/renewals',
  isOwners: true,
  handle: async (exchange, { context }) => {
    const request = (await readQuestion(exchange)) as unknown as RenewalRequest;
    if (request.store !== context.store.path) throw new AuthError('usage', 'This agent has another store.');
    const send = respondLines(exchange.response);
    const { warn, fail, remark } = createMessageSender(send);
    const ui = createCallbackUi({ onWarning: warn, onFailure: fail, onRemark: remark });
    await handleRenewalRequest(request, { context: { ...context, ui }, send }).finally(() => exchange.response.end());
  },
};
