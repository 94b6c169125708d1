import { AuthError } from '../../errors.js';
import { readQuestion, respondJson } from '../responses.js';
import type { Endpoint } from '../service.js';

/** The user's answer to a question. */
export const receiveAnswer: Endpoint = {
  route: 'POST /v1/questions/NAME',
  isOwners: true,
  handle: async (exchange, { questions }) => {
    const { allow } = await readQuestion(exchange);
    if (typeof allow !== 'boolean') throw new AuthError('usage', 'The answer has no member allow.');
    if (!questions.answer(exchange.name, allow))
      throw new AuthError('usage', `Question ${exchange.name.slice(0, 10)} does not exist, or has been answered.`);
    respondJson(exchange.response, {});
  },
};
