import { createAwayError } from '../agent-client/agent.js';
import { listAtAgents, type ServerAtAgent } from '../agent-client/lookup.js';
import { quoteShellWord } from '../text/command-line.js';
import type { Context } from '../context.js';
import { getRemainingSeconds } from '../store/freshness.js';
import { listServers, type ServerEntry } from '../store/document.js';
import { readHeaders } from '../session/server-access.js';
import { isLoginClosed, readLogin, type Login } from '../store/login.js';
import { readSettings, formatSettings, toDiskSettings } from '../store/settings.js';
import type { Command, CommandOption } from './command.js';
import { formatDuration } from '../text/duration.js';
import { hasUnprintable } from '../text/server-text.js';
import { formatTable } from './table.js';

const options = [
  { flags: '--json', help: 'print JSON' },
  { flags: '--names', help: 'print only the names, one per line' },
] as const satisfies readonly CommandOption[];

export const list: Command<typeof options> = {
  description:
    'List the servers in the store and at agents: how each is authenticated, when its token expires, and whether it can be renewed. Secrets are not printed.',
  arguments: [],
  options,
  examples: ['list', 'list --json'],
  run: async ({ options }, context) => {
    const { store, ui } = context;
    const stored = listServers(await store.read()).map(([name, entry]) => ({ name, entry, login: readLogin(entry) }));
    const { servers, away } = await listAtAgents(context);
    const remote = servers.filter((server) => !stored.some(({ name, login }) => name === server.name && login !== undefined));
    if (options.names) {
      const names = new Set([...stored, ...remote].map(({ name }) => name));
      for (const name of names) if (!hasUnprintable(name) && !name.startsWith('-')) ui.print(name);
    } else if (options.json) {
      ui.document([...stored.map((server) => describe(server, context)), ...remote.map((server) => describeRemote(server, context))]);
    } else {
      printTable({ stored, remote }, context);
      printSettings(stored, context);
      if (away.length > 0) ui.warn(createAwayError(away).message);
    }
  },
};

interface Listed {
  readonly stored: readonly Server[];
  readonly remote: readonly ServerAtAgent[];
}

/** Where a login lives is told if any lives elsewhere. */
function printTable({ stored, remote }: Listed, context: Context): void {
  const { store, ui } = context;
  if (stored.length + remote.length === 0) return ui.say(`No servers in ${store.path}. Run: mcp-auth login URL`);
  const own = stored.map((server) => rowOf(server, context));
  const rows =
    remote.length === 0
      ? [heads, ...own]
      : [[...heads, 'WHERE'], ...own.map((row) => [...row, 'here']), ...remote.map((server) => remoteRowOf(server, context))];
  for (const row of formatTable(rows)) ui.print(row);
}

function printSettings(stored: readonly Server[], { ui }: Context): void {
  for (const { name, entry } of stored) {
    const { trustedIssuer, ...others } = readSettings(entry);
    if (trustedIssuer !== undefined) ui.say(`${name}: --trust-issuer ${trustedIssuer}`);
    const words = [...formatSettings(others), ...Object.keys(readHeaders(entry)).map((header) => `--header ${quoteShellWord(header)}`)];
    if (words.length > 0) ui.say(`${name}: ${words.join(' ')}`);
  }
}

interface Server {
  readonly name: string;
  readonly entry: ServerEntry;
  readonly login: Login | undefined;
}

const heads = ['NAME', 'URL', 'LOGIN', 'EXPIRES', 'REFRESH TOKEN'];

function rowOf({ name, entry, login }: Server, context: Context): string[] {
  const url = urlOf(entry);
  return [name, context.env.secrets?.redactSentence(url) ?? url, authOf(entry, login), expiryOf(login, context), renewalOf(login)];
}

function remoteRowOf({ name, url, agent, ...login }: ServerAtAgent, context: Context): string[] {
  const kind = login.token_type === 'dpop' ? 'oauth (dpop)' : login.logged_in ? 'oauth' : 'none';
  const left = login.expires_at === undefined ? undefined : login.expires_at - context.clock.now() / 1000;
  const expires = !login.logged_in ? '-' : left === undefined ? 'unknown' : formatExpiry(left);
  const shown = context.env.secrets?.redactSentence(url) ?? url;
  return [name, shown, kind, expires, login.renewable ? 'yes' : login.logged_in ? 'no' : '-', `agent on ${agent.machine}`];
}

/** Whether the login has a refresh token; if not, the flow that obtains a new token without one. */
function renewalOf(login: Login | undefined): string {
  if (login === undefined) return '-';
  if (login.endedAtSeconds !== undefined) return 'no (ended)';
  if (login.refreshToken !== undefined) return 'yes';
  return login.flow === undefined ? 'no' : `no (${login.flow})`;
}

/** A server in `list --json`; times in seconds since the epoch. Public interface. */
function describe({ name, entry, login }: Server, context: Context) {
  const options = toDiskSettings(readSettings(entry));
  const headers = Object.keys(readHeaders(entry));
  return {
    name,
    url: typeof entry.url === 'string' ? entry.url : undefined,
    auth: authOf(entry, login),
    issuer: login?.issuer,
    trusted_issuer: entry.trusted_issuer,
    ...(Object.keys(options).length > 0 && { login_options: options }),
    ...(headers.length > 0 && { headers }),
    flow: login?.flow,
    scope: login?.scope,
    expires_at: login?.expiresAtSeconds,
    ended_at: login?.endedAtSeconds,
    expired: login && getRemainingSeconds(login, context) <= 0,
    refresh_token: login?.refreshToken !== undefined,
  };
}

/** A server of an agent in `list --json`. Public interface. */
function describeRemote({ name, url, agent, ...login }: ServerAtAgent, { clock }: Context) {
  return {
    ...{ name, url, auth: login.token_type === 'dpop' ? 'oauth (dpop)' : login.logged_in ? 'oauth' : 'none' },
    agent: agent.machine,
    lends_tokens: agent.lendsTokens,
    expires_at: login.expires_at,
    expired: login.expires_at === undefined ? undefined : login.expires_at <= clock.now() / 1000,
  };
}

function urlOf({ url }: ServerEntry): string {
  if (typeof url !== 'string') return '(a local command)';
  // Another program may have stored a URL with invisible characters, which looks like a different one.
  return hasUnprintable(url) && URL.canParse(url) ? new URL(url).href : url;
}

/** How the server is authenticated: `oauth` by `mcp-auth login`, `header` by a header that another program stored. */
function authOf(entry: ServerEntry, login: Login | undefined): string {
  const { auth, headers } = entry;
  if (isLoginClosed(entry)) return 'sealed (broken)';
  if (login) return login.issuer === undefined ? login.tokenType : login.tokenType === 'dpop' ? 'oauth (dpop)' : 'oauth';
  if (typeof auth?.type === 'string' && auth.type !== 'bearer') return auth.type;
  return Object.keys(headers ?? {}).some((name) => name.toLowerCase() === 'authorization') ? 'header' : 'none';
}

function expiryOf(login: Login | undefined, context: Context): string {
  if (login === undefined) return '-';
  const left = getRemainingSeconds(login, context);
  return Number.isFinite(left) ? formatExpiry(left) : 'unknown';
}

function formatExpiry(left: number): string {
  return left > 0 ? `in ${formatDuration(left)}` : `${formatDuration(left)} ago`;
}
