/** The identity of a sealed store, which the agent holds as ssh-agent does: only its owner can use it, and it never leaves the agent. */
import { AuthError } from '../../errors.js';
import { readSeal } from '../../store/seal/seal.js';
import { readQuestion, respondJson } from '../responses.js';
import type { Endpoint } from '../service.js';

/** Opens the data key of a seal for another process of the same user. */
export const unseal: Endpoint = {
  route: 'POST /v1/unseal',
  isOwners: true,
  handle: async (exchange, { context }) => {
    const seal = readSeal({ seal: await readQuestion(exchange) });
    if (seal === undefined) throw new AuthError('usage', 'The question has no seal.');
    const dataKey = await context.keyring.openSeal(seal);
    respondJson(exchange.response, { data_key: Buffer.from(dataKey).toString('base64url') });
  },
};

/** The recipients of the identity. */
export const showIdentity: Endpoint = {
  route: 'GET /v1/identity',
  isOwners: true,
  handle: async ({ response }, { context }) => {
    const identity = await context.keyring.getIdentity();
    respondJson(response, { recipients: await identity.listRecipients() });
  },
};

/** Receives the identity to use from now on. */
export const unlock: Endpoint = {
  route: 'POST /v1/unlock',
  isOwners: true,
  handle: async (exchange, { context }) => {
    const { identity, life_seconds: life } = await readQuestion(exchange);
    if (typeof identity !== 'string') throw new AuthError('usage', 'The question has no identity.');
    if (life !== undefined && !(Number.isSafeInteger(life) && Number(life) > 0))
      throw new AuthError('usage', 'life_seconds is not a number of seconds.');
    await context.keyring.unlock(identity, life === undefined ? undefined : Number(life) * 1000);
    respondJson(exchange.response, {});
  },
};

/** Forgets the identity, and everything that was opened with it. */
export const lock: Endpoint = {
  route: 'POST /v1/lock',
  isOwners: true,
  handle: async (exchange, { context }) => {
    await readQuestion(exchange);
    context.keyring.lock();
    // The store lets go of its data key when it is refused.
    await context.store.read().catch(() => undefined);
    respondJson(exchange.response, {});
  },
};
