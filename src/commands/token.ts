import type { Context } from '../context.js';
import { formatDuration } from '../text/duration.js';
import { AuthError } from '../errors.js';
import { expandHeaders, readHeaders } from '../session/server-access.js';
import { describeBoundToken, isTokenBound } from '../session/bearer-token.js';
import { getFreshLogin } from '../session/session.js';
import { readStoredLogin } from '../session/stored-login.js';
import { findServer } from '../store/document.js';
import { getFreshUntilSeconds, getRemainingSeconds } from '../store/freshness.js';
import { expandVariables } from '../store/variables.js';
import type { Command, CommandOption } from './command.js';
import { parseSeconds } from './seconds-option.js';

const options = [
  {
    flags: '--min-ttl <seconds>',
    help: 'require at least this many seconds of remaining lifetime',
    parse: parseSeconds({ option: '--min-ttl', least: 0 }),
  },
  { flags: '--json', help: 'print the token, its expiry, the URL of its server, and the headers to send, as one JSON object' },
  { flags: '--refused', help: 'read a token that the server rejected from stdin, and print a different one, renewed if necessary' },
] as const satisfies readonly CommandOption[];

export const token: Command<typeof options> = {
  description:
    'Print the access token on stdout. A token that has expired or is about to expire is renewed first; if several processes ask, only one renews.',
  arguments: [{ syntax: '<name>', help: 'name of a server in the store', complete: 'server' }],
  options,
  examples: ['token linear', 'token linear --min-ttl 900', 'token linear --json', 'token linear --json --refused < FILE'],
  run: async ({ arguments: [name = ''], options }, context) => {
    const { minTtl } = options;
    const rejectedToken = options.refused ? await readRejectedToken(context) : undefined;
    const login = await getFreshLogin({ name, minTtl, rejectedToken }, context);
    const left = getRemainingSeconds(login, context);
    if (minTtl !== undefined && left < minTtl)
      context.ui.warn(`This server issues no token with that lifetime. This one expires in ${formatDuration(left)}.`);
    if (isTokenBound(login)) context.ui.warn(describeBoundToken(name));
    if (options.json) context.ui.document(await describeToken(name, context));
    else context.ui.print(login.accessToken);
  },
};

/** Read from stdin, because other users of the machine can read a command line. */
async function readRejectedToken({ ui, signal }: Context): Promise<string> {
  const text = (await ui.ask({ message: 'Rejected token:', secret: true, signal }))?.trim();
  if (text !== undefined && text !== '') return text;
  throw new AuthError('usage', 'No token was read from stdin.', { hint: 'With --refused, pass the rejected token on stdin.' });
}

/** All that a program needs to send requests itself, from one read of the store. Times in seconds since the epoch. Public interface. */
async function describeToken(name: string, context: Context) {
  const document = await context.store.read();
  const login = readStoredLogin(document, name, context);
  const { accessToken, expiresAtSeconds } = login;
  const entry = findServer(document, name);
  const isBearer = !isTokenBound(login);
  return {
    access_token: accessToken,
    token_type: isBearer ? 'Bearer' : 'DPoP',
    expires_at: expiresAtSeconds,
    /** mcp-auth prints the same token until this time. */
    fresh_until: getFreshUntilSeconds(login),
    url: typeof entry?.url === 'string' ? expandVariables(entry.url, context.env) : undefined,
    headers: { ...expandHeaders(readHeaders(entry), context), ...(isBearer && { Authorization: `Bearer ${accessToken}` }) },
  };
}
