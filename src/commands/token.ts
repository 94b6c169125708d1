import type { Context } from '../context.js';
import { formatDuration } from '../text/duration.js';
import { AuthError } from '../errors.js';
import { expandHeaders, readHeaders } from '../session/server-access.js';
import { getFreshLogin } from '../session/session.js';
import { readStoredLogin } from '../session/stored-login.js';
import { findServer } from '../store/document.js';
import { getFreshUntilSeconds, getRemainingSeconds } from '../store/freshness.js';
import { expandVariables } from '../store/variables.js';
import type { Command } from './command.js';
import { parseSeconds } from './seconds-option.js';

interface Options {
  minTtl?: number;
  json?: boolean;
  refused?: boolean;
}

export const token: Command<Options> = {
  description:
    'Prints the token alone, on stdout. One that has expired, or is about to, is renewed first, by one process however many ask.',
  arguments: [{ syntax: '<name>', help: 'name of a server in the store', complete: 'server' }],
  options: [
    { flags: '--min-ttl <seconds>', help: 'a token that lives at least so long', parse: parseSeconds({ option: '--min-ttl', least: 0 }) },
    { flags: '--json', help: 'print the token, when it expires, its server’s URL and the headers to send, as one JSON object' },
    { flags: '--refused', help: 'read on stdin the token that the server has refused: another one is printed, renewed if it must be' },
  ],
  examples: ['token linear', 'token linear --min-ttl 900', 'token linear --json', 'token linear --json --refused < FILE'],
  run: async ({ arguments: [name = ''], options }, context) => {
    const { minTtl } = options;
    const refused = options.refused ? await readRefused(context) : undefined;
    const login = await getFreshLogin({ name, minTtl, rejectedToken: refused }, context);
    const left = getRemainingSeconds(login, context);
    if (minTtl !== undefined && left < minTtl)
      context.ui.warn(`No token of this server lives that long: this one has ${formatDuration(left)}.`);
    if (login.tokenType === 'dpop') {
      context.ui.warn(
        `This token is bound to a key that stays in the store (DPoP, RFC 9449): ${name} takes it only with a proof by that key.`,
      );
    }
    if (options.json) context.ui.document(await described(name, context));
    else context.ui.print(login.accessToken);
  },
};

/** By stdin, since other users of the machine can read a command line. */
async function readRefused({ ui, signal }: Context): Promise<string> {
  const text = (await ui.ask({ message: 'Refused token:', secret: true, signal }))?.trim();
  if (text !== undefined && text !== '') return text;
  throw new AuthError('usage', 'No token came on stdin.', { hint: 'Give --refused the token that the server has refused, on stdin.' });
}

/** All that a program needs to send requests by itself, of one look at the store. Times are seconds since the epoch. Public interface. */
async function described(name: string, context: Context) {
  const document = await context.store.read();
  const login = readStoredLogin(document, name, context);
  const { accessToken, tokenType, expiresAtSeconds: expiresAt } = login;
  const entry = findServer(document, name);
  const isBearer = tokenType === 'bearer';
  return {
    access_token: accessToken,
    token_type: isBearer ? 'Bearer' : 'DPoP',
    expires_at: expiresAt,
    /** Until then, the same token is printed again. */
    fresh_until: getFreshUntilSeconds(login),
    url: typeof entry?.url === 'string' ? expandVariables(entry.url, context.env) : undefined,
    headers: { ...expandHeaders(readHeaders(entry), context), ...(isBearer && { Authorization: `Bearer ${accessToken}` }) },
  };
}
