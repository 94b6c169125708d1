/** Requests to one MCP server with its login: fresh before each, renewed once when the server turns it away. */
import type { Context, HttpAnswer, HttpRequest } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { fromResponse } from '../http/web-response.js';
import { quoted } from '../server-text.js';
import { parseChallenge } from '../oauth/challenge.js';
import { openDpop, requestWithProof } from '../oauth/dpop.js';
import { freshLogin } from '../session/session.js';
import { servers } from '../store/document.js';
import type { Login } from '../store/login.js';
import { isUrlOf } from '../store/variables.js';
import { discard } from './body.js';

/** The server as the person named it. */
export interface Target {
  readonly url: URL;
  /** Its name in the store; absent where it was named by its URL, which may come into the store later. */
  readonly name?: string;
}

export type AuthorizedFetch = (request: HttpRequest, url?: URL) => Promise<HttpAnswer>;

interface Known {
  readonly login: Login | undefined;
  /** When the store was looked at, by the clock that never goes back. */
  readonly at: number;
}

/** Milliseconds for which what the store holds is not looked up again. */
const lookAgain = 2_000;

/**
 * A fetch for that server. Without a login it sends no token: the server may not want one.
 *
 * @throws AuthError (from what it returns) `login_needed` with the command to run, when the server wants a login, or more
 * than the one there is.
 */
export function authorizedFetch(target: Target, context: Context): AuthorizedFetch {
  let known: Known | undefined;
  const withToken = tokenAmong();

  const current = async (): Promise<Login | undefined> => {
    const at = performance.now();
    const login = await storedLogin(target, context);
    known = { login, at };
    return login;
  };

  return async (request, url = target.url) => {
    const login = isFreshEnough(known) ? known.login : await current();
    const first = await send({ url, login, request, withToken }, context);
    if (first.status !== 401) return first.status === 403 ? checkScope(first, target, context) : first;
    discard(first);
    known = undefined;
    const next = await afterRefusal({ target, refused: login }, context);
    if (next === undefined) throw loginWanted(target, 'wants a login');
    known = { login: next, at: performance.now() };
    const second = await send({ url, login: next, request, withToken }, context);
    if (second.status === 401) {
      discard(second);
      throw loginWanted(target, 'does not accept the login that there is');
    }
    return checkScope(second, target, context);
  };
}

function isFreshEnough(known: Known | undefined): known is Known {
  return known !== undefined && performance.now() - known.at < lookAgain;
}

/** The login of now, renewed if it must be; undefined where there is none. */
async function storedLogin({ name, url }: Target, context: Context): Promise<Login | undefined> {
  const known = name ?? (await nameOf(url, context));
  if (known === undefined) return undefined;
  try {
    return await freshLogin({ name: known }, context);
  } catch (error) {
    if (hasCode(error, 'login_needed') && !(await hasLogin(known, context))) return undefined;
    throw error;
  }
}

async function nameOf(url: URL, { store, env }: Context): Promise<string | undefined> {
  return servers(await store.read()).find(([, entry]) => isUrlOf(entry.url, url.href, env))?.[0];
}

async function hasLogin(name: string, { store }: Context): Promise<boolean> {
  return servers(await store.read()).some(([one, { auth }]) => one === name && auth !== undefined);
}

/** Another token than the one that was refused: one that somebody else has put into the store, or a new one. */
async function afterRefusal(
  { target, refused }: { target: Target; refused: Login | undefined },
  context: Context,
): Promise<Login | undefined> {
  const stored = await storedLogin(target, context);
  if (stored === undefined || stored.accessToken !== refused?.accessToken) return stored;
  const name = target.name ?? (await nameOf(target.url, context));
  return name === undefined ? undefined : freshLogin({ name, always: true }, context);
}

/**
 * Sees to it that a login is used for its server alone: on its origin, at its URL or beside it, as `/messages` is beside
 * `/sse`. A host may have other people's servers at other paths.
 *
 * @throws AuthError `url_refused`.
 */
export function checkPlace(url: URL, { target, what }: { target: URL; what: string }): void {
  const folder = target.pathname.replace(/[^/]*$/, '');
  if (url.origin === target.origin && url.pathname.startsWith(folder)) return;
  throw new AuthError('url_refused', `${what}, ${quoted(url.href)}, is not a part of ${target.href}, which the login is for.`);
}

interface Sending {
  readonly url: URL;
  readonly login: Login | undefined;
  readonly request: HttpRequest;
  readonly withToken: ReturnType<typeof tokenAmong>;
}

/** One request. The token goes to the server's own origin, and no redirect is followed. */
async function send({ url, login, request, withToken }: Sending, { http }: Context): Promise<HttpAnswer> {
  if (login === undefined) return http.open(url, { ...request, timeout: 0 });
  if (login.tokenType === 'dpop' && login.dpopKey) {
    const dpop = await openDpop(login.dpopKey);
    return fromResponse(
      await requestWithProof({ url, token: login.accessToken, dpop, request: { ...request, timeout: 0, stream: true } }, { http }),
    );
  }
  // Field by field: copying the object as a whole is what one notices of all this.
  const { method = 'GET', body = null, encoding, signal = null } = request;
  return http.open(url, { method, body, encoding, signal, headers: withToken(request.headers, login), timeout: 0 });
}

/** Puts the token among the headers. Nearly all messages have the same ones, and get the same object. */
function tokenAmong(): (headers: HttpRequest['headers'], login: Login) => Record<string, string> {
  let last: { readonly given: HttpRequest['headers']; readonly login: Login; readonly headers: Record<string, string> } | undefined;
  return (given, login) => {
    if (last?.given !== given || last?.login !== login) {
      last = { given, login, headers: { ...given, authorization: `Bearer ${login.accessToken}` } };
    }
    return last.headers;
  };
}

/** A 403 that asks for more scopes is told with the command that gets them (RFC 6750 section 3.1). */
async function checkScope(answer: HttpAnswer, target: Target, context: Context): Promise<HttpAnswer> {
  const { status, headers } = answer;
  const header = headers['www-authenticate'];
  if (status !== 403 || header === undefined || parseChallenge(header)?.error !== 'insufficient_scope') return answer;
  discard(answer);
  const { scope } = parseChallenge(header) ?? {};
  const challenge = `Bearer error="insufficient_scope"${scope === undefined ? '' : `, scope="${scope.replace(/[^\x21\x23-\x5b\x5d-\x7e ]/g, '')}"`}`;
  const name = target.name ?? (await nameOf(target.url, context)) ?? target.url.href;
  throw new AuthError('login_needed', `${name} wants more than the login that there is may do.`, {
    hint: `Run: mcp-auth login ${name} --challenge '${challenge.replaceAll("'", '')}'`,
  });
}

function loginWanted({ name, url }: Target, what: string): AuthError {
  return new AuthError('login_needed', `${name ?? url.href} ${what}.`, { hint: `Run: mcp-auth login ${name ?? url.href}` });
}
