import { AuthError } from '../../errors.js';
import { isListOfText } from '../../text/json.js';
import { hasUnprintable } from '../../text/server-text.js';
import { readQuestion, respondJson, respondLines } from '../responses.js';
import type { Endpoint, Service } from '../service.js';
import type { ShareTerms } from '../shares.js';

/** Opens a restricted socket. One that does not last ends with the connection of this request. */
export const openShare: Endpoint = {
  route: 'POST /v1/shares',
  isOwners: true,
  handle: async (exchange, service) => {
    const { response, signal } = exchange;
    const terms = readTerms(await readQuestion(exchange), service);
    const opened = await service.shares.open(terms, service);
    const { share, socket, closed } = opened;
    const first = { share: { id: share.options.id, socket } };
    if (terms.isLasting) {
      respondJson(response, first);
      return;
    }
    const write = respondLines(response);
    write(first);
    await new Promise<void>((resolve) => {
      for (const one of [signal, closed]) one.addEventListener('abort', () => resolve());
    });
    await service.shares.end(opened);
    if (closed.reason instanceof AuthError) write({ ended: closed.reason.message });
    response.end();
  },
};

/** Ends what is shared, by its ID or its host. */
export const endShare: Endpoint = {
  route: 'DELETE /v1/shares/NAME',
  isOwners: true,
  handle: async ({ response, name }, { shares }) => respondJson(response, { ended: await shares.revoke(name) }),
};

/** @throws AuthError `usage` */
function readTerms(question: Record<string, unknown>, { context: { clock } }: Service): ShareTerms {
  const { host, only, lends_tokens: lendsTokens = false, life_seconds: life, lasting: isLasting = false } = question;
  if (typeof host !== 'string' || host === '' || host.length > 255 || hasUnprintable(host)) throw createUsageError('host');
  if (only !== undefined && !isListOfText(only)) throw createUsageError('only');
  if (typeof lendsTokens !== 'boolean') throw createUsageError('lends_tokens');
  if (typeof isLasting !== 'boolean') throw createUsageError('lasting');
  if (life !== undefined && (typeof life !== 'number' || !(life > 0))) throw createUsageError('life_seconds');
  return { host, only, lendsTokens, isLasting, until: life === undefined ? undefined : clock.now() + life * 1000 };
}

function createUsageError(member: string): AuthError {
  return new AuthError('usage', `The member ${member} of the request is invalid.`);
}
