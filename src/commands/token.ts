import type { Context } from '../context.js';
import { requestLentToken } from '../agent-client/lent-token.js';
import { findAtAgents } from '../agent-client/lookup.js';
import { formatDuration } from '../text/duration.js';
import { AuthError } from '../errors.js';
import { describeBoundToken, isTokenBound } from '../session/bearer-token.js';
import { describeToken } from '../session/described-token.js';
import { getFreshLogin } from '../session/session.js';
import { getRemainingSeconds } from '../store/freshness.js';
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
    const { minTtl, json } = options;
    const rejectedToken = options.refused ? await readRejectedToken(context) : undefined;
    const server = await findAtAgents({ name }, context);
    if (server === undefined) return printStored({ name, minTtl, rejectedToken, json }, context);
    const lent = await requestLentToken(server, { minTtl, rejectedToken }, context);
    if (lent.expires_at !== undefined) warnIfShort(lent.expires_at - context.clock.now() / 1000, minTtl, context);
    if (json) context.ui.document(lent);
    else context.ui.print(lent.access_token ?? '');
  },
};

interface TokenRequest {
  readonly name: string;
  readonly minTtl: number | undefined;
  readonly rejectedToken: string | undefined;
  readonly json: boolean | undefined;
}

async function printStored({ name, minTtl, rejectedToken, json }: TokenRequest, context: Context): Promise<void> {
  const login = await getFreshLogin({ name, minTtl, rejectedToken }, context);
  warnIfShort(getRemainingSeconds(login, context), minTtl, context);
  if (isTokenBound(login)) context.ui.warn(describeBoundToken(name));
  if (json) context.ui.document(await describeToken(name, context));
  else context.ui.print(login.accessToken);
}

function warnIfShort(leftSeconds: number, minTtl: number | undefined, { ui }: Context): void {
  if (minTtl === undefined || leftSeconds >= minTtl) return;
  ui.warn(`This server issues no token with that lifetime. This one expires in ${formatDuration(leftSeconds)}.`);
}

/** Read from stdin, because other users of the machine can read a command line. */
async function readRejectedToken({ ui, signal }: Context): Promise<string> {
  const text = (await ui.ask({ message: 'Rejected token:', secret: true, signal }))?.trim();
  if (text !== undefined && text !== '') return text;
  throw new AuthError('usage', 'No token was read from stdin.', { hint: 'With --refused, pass the rejected token on stdin.' });
}
