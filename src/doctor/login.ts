/** The stored login, and whether the server accepts it. */
import { formatCommand } from '../text/command-line.js';
import { formatDuration } from '../text/duration.js';
import { importDpop } from '../oauth/dpop.js';
import { canRenew } from '../session/renewal.js';
import { quote, redactUrl } from '../text/server-text.js';
import { getFreshLogin } from '../session/session.js';
import { listServers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { getRemainingSeconds } from '../store/freshness.js';
import { verifyToken } from '../login/verification.js';
import { failure, fine, warning, type MachineCheck, type CheckResult, type Check } from './check.js';

/** All stored logins, if no server was named. */
export const allLogins: MachineCheck = {
  name: 'Logins',
  run: async (subject, context) => {
    // The check of the store has reported a store that cannot be read.
    const document = await context.store.read().catch(() => undefined);
    if (subject !== undefined || document === undefined) return undefined;
    const all = listServers(document).flatMap(([name, entry]) => {
      const login = readLogin(entry);
      return login ? [{ name, login }] : [];
    });
    if (all.length === 0 && (context.agents?.list().length ?? 0) > 0) return fine('this machine has none of its own');
    if (all.length === 0) return warning('no login found', 'Run: mcp-auth login URL');
    return all.map(({ name, login }) => describeLogin({ name, login }, context));
  },
};

export const serverLogin: Check = {
  name: 'Login',
  run: ({ name, url, entry, login, atAgent }, context) => {
    if (atAgent) return fine(`the agent on ${atAgent.agent.machine} has it`);
    if (login) return describeLogin({ name, login }, context);
    if (typeof entry?.auth?.type === 'string') return fine(`${name} uses ${quote(entry.auth.type)} authentication, not a login`);
    return warning('no login found', `Run: ${formatCommand`mcp-auth login ${entry === undefined ? redactUrl(url) : name}`}`);
  },
};

/** When the token expires, and what happens then. */
function describeLogin({ name, login }: { name: string; login: Login }, context: Parameters<Check['run']>[1]): CheckResult {
  const hint = `Run: ${formatCommand`mcp-auth login ${name}`}`;
  if (login.endedAtSeconds !== undefined)
    return failure(`${name}: its refresh token was rejected by the authorization server`, { code: 'login_needed', hint });
  const left = getRemainingSeconds(login, context);
  const by = [login.flow, login.tokenType === 'dpop' ? 'DPoP' : undefined].filter(Boolean).join(', ');
  const state = `${name}${by === '' ? '' : ` (${by})`}: ${describeExpiry(left)}`;
  if (canRenew(login)) return fine(`${state}, and is renewed automatically`);
  if (left <= 0) return failure(`${state}, and there is no refresh token`, { code: 'login_needed', hint });
  return warning(`${state}, and there is no refresh token`, `When it expires, run: ${formatCommand`mcp-auth login ${name}`}`);
}

/** @param left in seconds. */
function describeExpiry(left: number): string {
  if (!Number.isFinite(left)) return 'its token has no known expiry';
  return left > 0 ? `its token expires in ${formatDuration(left)}` : `its token expired ${formatDuration(left)} ago`;
}

/** Connects to the server with the stored login, which is renewed first if necessary. */
export const liveCall: Check = {
  name: 'Live call',
  source: 'MCP',
  run: async (subject, context) => {
    const { name, url, login, probe } = subject;
    if (login === undefined || login.endedAtSeconds !== undefined || probe === undefined) return undefined;
    const fresh = await getFreshLogin({ name }, context);
    const dpop = fresh.dpopKey && (await importDpop(fresh.dpopKey));
    const { serverName, serverVersion, tools } = await verifyToken({ url, tokens: fresh, dpop }, context);
    subject.isUsable = true;
    const renewed = fresh.accessToken === login.accessToken ? '' : ' (the token was renewed first)';
    return fine(
      `${quote(`${serverName} ${serverVersion}`.trim())} accepts the token and has ${tools} tool${tools === 1 ? '' : 's'}${renewed}`,
    );
  },
};
