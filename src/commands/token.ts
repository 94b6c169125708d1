import { freshLogin } from '../session/session.js';
import { secondsLeft } from '../store/freshness.js';
import type { Command } from './command.js';
import { inWords } from '../duration.js';
import { seconds } from './seconds.js';

interface Options {
  minTtl?: number;
}

export const token: Command<Options> = {
  description:
    'Prints the token alone, on stdout. One that has expired, or is about to, is renewed first, by one process however many ask.',
  arguments: [{ syntax: '<name>', help: 'name of a server in the store', complete: 'server' }],
  options: [
    { flags: '--min-ttl <seconds>', help: 'a token that lives at least so long', parse: seconds({ option: '--min-ttl', least: 0 }) },
  ],
  examples: ['token linear', 'token linear --min-ttl 900'],
  run: async ({ arguments: [name = ''], options: { minTtl } }, context) => {
    const login = await freshLogin({ name, minTtl }, context);
    const left = secondsLeft(login, context);
    if (minTtl !== undefined && left < minTtl) context.ui.warn(`No token of this server lives that long: this one has ${inWords(left)}.`);
    if (login.tokenType === 'dpop') {
      context.ui.warn(
        `This token is bound to a key that stays in the store (DPoP, RFC 9449): ${name} takes it only with a proof by that key.`,
      );
    }
    context.ui.print(login.accessToken);
  },
};
