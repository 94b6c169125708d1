/** The login in the store, and whether it does what it is for. */
import { ownCommand } from '../command-line.js';
import { inWords } from '../duration.js';
import { openDpop } from '../oauth/dpop.js';
import { canRenew } from '../session/renewal.js';
import { quoted, shownUrl } from '../server-text.js';
import { freshLogin } from '../session/session.js';
import { servers } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { secondsLeft } from '../store/freshness.js';
import { verifyToken } from '../login/verification.js';
import { failure, fine, warning, type MachineStep, type Seen, type Step } from './step.js';

/** Every login, where no server was named. */
export const logins: MachineStep = {
  name: 'Logins',
  look: async (subject, context) => {
    // A store that cannot be read has been told of.
    const document = await context.store.read().catch(() => undefined);
    if (subject !== undefined || document === undefined) return undefined;
    const all = servers(document).flatMap(([name, entry]) => {
      const login = readLogin(entry);
      return login ? [{ name, login }] : [];
    });
    if (all.length === 0) return warning('there is none', 'Run: mcp-auth login URL');
    return all.map(({ name, login }) => stateOf({ name, login }, context));
  },
};

export const stored: Step = {
  name: 'Login',
  look: ({ name, url, entry, login }, context) => {
    if (login) return stateOf({ name, login }, context);
    if (typeof entry?.auth?.type === 'string') return fine(`${name} is authenticated by ${quoted(entry.auth.type)}, not by a login`);
    return warning('there is none', `Run: ${ownCommand`mcp-auth login ${entry === undefined ? shownUrl(url) : name}`}`);
  },
};

/** When it ends, and what happens then. */
function stateOf({ name, login }: { name: string; login: Login }, context: Parameters<Step['look']>[1]): Seen {
  const hint = `Run: ${ownCommand`mcp-auth login ${name}`}`;
  if (login.endedAt !== undefined) return failure(`${name}: its refresh token is not accepted any more`, { code: 'login_needed', hint });
  const left = secondsLeft(login, context);
  const by = [login.flow, login.tokenType === 'dpop' ? 'DPoP' : undefined].filter(Boolean).join(', ');
  const what = `${name}${by === '' ? '' : ` (${by})`}: ${endOf(left)}`;
  if (canRenew(login)) return fine(`${what}, and is renewed when it is needed`);
  if (left <= 0) return failure(`${what}, and there is no refresh token`, { code: 'login_needed', hint });
  return warning(`${what}, and there is no refresh token`, `Log in again then: ${ownCommand`mcp-auth login ${name}`}`);
}

/** @param left in seconds. */
function endOf(left: number): string {
  if (!Number.isFinite(left)) return 'its token names no end';
  return left > 0 ? `its token expires in ${inWords(left)}` : `its token expired ${inWords(left)} ago`;
}

/** The server opened with the login, which is renewed first if it must be. */
export const liveCall: Step = {
  name: 'Live call',
  source: 'MCP',
  look: async (subject, context) => {
    const { name, url, login, probe } = subject;
    if (login === undefined || login.endedAt !== undefined || probe === undefined) return undefined;
    const fresh = await freshLogin({ name }, context);
    const dpop = fresh.dpopKey && (await openDpop(fresh.dpopKey));
    const { serverName, serverVersion, tools } = await verifyToken({ url, tokens: fresh, dpop }, context);
    subject.isUsable = true;
    const renewed = fresh.accessToken === login.accessToken ? '' : ', with a token that was renewed for it';
    return fine(`${quoted(`${serverName} ${serverVersion}`.trim())} lets us in and has ${tools} tool${tools === 1 ? '' : 's'}${renewed}`);
  },
};
