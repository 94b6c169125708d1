/** Requests to one MCP server with its login: fresh before each, renewed once when the server turns it away. */
import { Readable } from 'node:stream';
import type { Context } from '../context.js';
import type { HttpResponse, HttpRequest } from '../effects.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError, hasCode } from '../errors.js';
import { fromResponse } from '../http/web-response.js';
import { fromBinary, binaryEncoding } from '../text/binary-string.js';
import { parseChallenge } from '../oauth/challenge.js';
import { importDpop, requestWithDpop } from '../oauth/dpop.js';
import { isResourceFor } from '../oauth/resource.js';
import { isRedirect, maxServerRedirects, createForeignRedirectError, findRedirectTarget } from '../oauth/server-url.js';
import { isLongToken, describeHeaderLengthRejection, needsBody, rejectsHeaderLength, rejectsToken } from '../oauth/token-rejection.js';
import { quote, redactUrl } from '../text/server-text.js';
import { rememberRejectedToken } from '../session/rejected-token.js';
import { getFreshLogin } from '../session/session.js';
import { withAccess } from '../session/server-access.js';
import { findServer, listServers, type ServerEntry } from '../store/document.js';
import { getAudience, type Login } from '../store/login.js';
import { expandsToUrl } from '../store/variables.js';
import { discardResponse, readBody } from './body.js';

/** The server as the person named it. */
export interface Target {
  readonly url: URL;
  /** Its name in the store; absent where it was named by its URL, which may come into the store later. */
  readonly name?: string;
}

export interface AuthorizedFetch {
  (request: HttpRequest, url?: URL): Promise<HttpResponse>;
  /**
   * After an answer that looks like a success, and says that the token is refused: whether there is another token than the one of
   * the request.
   *
   * @param sentAt when that was sent, by the clock that never goes back.
   */
  renew(sentAt: number): Promise<boolean>;
}

interface Known {
  readonly login: Login | undefined;
  /** When the store was looked at, by the clock that never goes back. */
  readonly at: number;
}

/** Milliseconds for which what the store holds is not looked up again. */
const lookAgain = 2_000;

/** Milliseconds for which a token that a message was taken with is not thought to be the reason of another refusal. */
const acceptedFor = 60_000;

/** Milliseconds after which a token that was new and refused may be renewed again: by then it may have expired. */
const hopelessFor = 5 * 60_000;

/**
 * A fetch for that server. Without a login it sends no token: the server may not want one. Where the server has moved to, as
 * `place.ts` lets it, is remembered.
 *
 * @throws AuthError (from what it returns) `login_needed` with the command to run, when the server wants a login, or more
 * than the one there is.
 */
export function createAuthorizedFetch(target: Target, context: Context): AuthorizedFetch {
  let known: Known | undefined;
  const withToken = tokenAmong();
  const moved = new Map<URL, URL>();
  /** Tokens that were new and were refused all the same, by the method of the request: another one would be, too. */
  const hopeless = new Map<string, { readonly token: string; readonly at: number }>();
  const isHopeless = (method: string, login: Login) => {
    const known = hopeless.get(method);
    return known?.token === login.accessToken && performance.now() - known.at < hopelessFor;
  };
  const giveUp = (method: string, login: Login) => void hopeless.set(method, { token: login.accessToken, at: performance.now() });
  /** The login that a message was taken with last, and when it was looked up, which is near enough. */
  let accepted: Known | undefined;
  const isAccepted = (login: Login) => accepted?.login?.accessToken === login.accessToken && performance.now() - accepted.at < acceptedFor;
  const noteAccepted = (login: Login | undefined, method: string, { status }: HttpResponse) => {
    if (method === 'POST' && status < 300 && known?.login === login) accepted = known;
  };
  let renewedAt = 0;
  let renewing: Promise<Login | undefined> | undefined;

  /** With what the server is sent besides, which may have come with the login, long after the bridge was started. */
  let around = context;
  let lookedFor: string | undefined;
  const lookAround = async (login: Login | undefined): Promise<void> => {
    if (login === undefined || login.accessToken === lookedFor) return;
    around = await withAccess(await entryOf(target, context), context);
    lookedFor = login.accessToken;
  };

  const current = async (): Promise<Login | undefined> => {
    const at = performance.now();
    const login = await storedLogin(target, context);
    await lookAround(login);
    known = { login, at };
    return login;
  };

  /** One request, wherever the server has it now. */
  const sendOn = async (request: HttpRequest, url: URL, login: Login | undefined): Promise<HttpResponse> => {
    let at = moved.get(url) ?? url;
    for (let moves = 0; ; moves += 1) {
      const answer = await sendLong({ url: at, login, request, withToken }, around);
      const redirect = { status: answer.status, location: answer.headers['location'] };
      if (answer.status < 300 || answer.status > 399 || !isRedirect(redirect)) return answer;
      discardResponse(answer);
      const to = moves < maxServerRedirects ? findRedirectTarget(redirect, at) : undefined;
      if (to === undefined) throw createForeignRedirectError(redirect.location ?? '', at);
      moved.set(url, to);
      at = to;
    }
  };

  const renewed = async (refused: Login | undefined): Promise<Login | undefined> => {
    known = undefined;
    const hasWorked = refused !== undefined && accepted?.login?.accessToken === refused.accessToken;
    const next = await afterRefusal({ target, refused, hasWorked }, context);
    await lookAround(next);
    renewedAt = performance.now();
    if (next !== undefined) known = { login: next, at: renewedAt };
    return next;
  };

  const fetch = async (request: HttpRequest, url = target.url) => {
    const login = isFreshEnough(known) ? known.login : await current();
    const first = await sendOn(request, url, login);
    const refusal = first.status < 400 ? undefined : await readRefusal(first, login);
    const method = request.method ?? 'GET';
    if (!refusal?.isOfToken) {
      noteAccepted(login, method, first);
      return checkScope(refusal?.answer ?? first, target, context);
    }
    // A stream that is refused while messages are taken is refused for another reason than the token.
    if (login !== undefined && method !== 'POST' && isAccepted(login)) giveUp(method, login);
    if (login !== undefined && isHopeless(method, login)) return refused(refusal.answer, target);
    discardResponse(refusal.answer);
    const next = await renewed(login);
    if (next === undefined) throw loginWanted(target, 'wants a login');
    const second = await sendOn(request, url, next);
    const again = second.status < 400 ? undefined : await readRefusal(second, next);
    if (!again?.isOfToken) {
      noteAccepted(next, method, second);
      return checkScope(again?.answer ?? second, target, context);
    }
    giveUp(method, next);
    // In words, a server may mean the message alone.
    if (method === 'POST' && again.answer.status === 401 && !isAccepted(next)) await remember(next, target, context);
    return refused(again.answer, target);
  };
  const renew = async (sentAt: number) => {
    if (renewing !== undefined) return (await renewing) !== undefined;
    if (sentAt < renewedAt) return true;
    const refused = known?.login;
    if (refused === undefined || isHopeless('', refused)) return false;
    renewing = renewed(refused).finally(() => (renewing = undefined));
    const next = await renewing;
    if (next !== undefined) giveUp('', next);
    return next !== undefined;
  };
  return Object.assign(fetch, { renew });
}

/** A refusal that no new token mends: of the login, with a 401; else of whatever the server says, perhaps of this one request. */
function refused(answer: HttpResponse, target: Target): HttpResponse {
  if (answer.status !== 401) return answer;
  discardResponse(answer);
  throw loginWanted(target, 'does not accept the login that there is');
}

/** What a failure says of the token. Where its words have to be read for that, they are put back. */
async function readRefusal(answer: HttpResponse, login: Login | undefined): Promise<{ answer: HttpResponse; isOfToken: boolean }> {
  const answered = { status: answer.status, challenge: answer.headers['www-authenticate'] };
  const token = login?.accessToken ?? '';
  const isRead = needsBody(answered) || answer.status === 413 || answer.status === 414;
  const octets = isRead ? await readBody(answer) : undefined;
  const text = octets === undefined ? undefined : fromBinary(octets);
  const whole =
    octets === undefined ? answer : { ...answer, body: Readable.from([Buffer.from(octets, binaryEncoding)], { objectMode: false }) };
  if (token !== '' && rejectsHeaderLength({ status: answer.status, text }, token)) {
    discardResponse(whole);
    throw lengthError(login);
  }
  return { answer: whole, isOfToken: rejectsToken({ ...answered, text }) };
}

function lengthError(login: Login | undefined): AuthError {
  const { message, hint } = describeHeaderLengthRejection('The server', login?.accessToken ?? '');
  return new AuthError('server_failed', message, { hint });
}

/** A connection that is closed at once by a server that has its limit there. */
async function sendLong(sending: Sending, context: Context): Promise<HttpResponse> {
  const { login } = sending;
  if (login === undefined || !isLongToken(login.accessToken)) return send(sending, context);
  return send(sending, context).catch((error: unknown) => {
    if (!hasCode(error, 'network_error')) throw error;
    const { message, hint } = describeHeaderLengthRejection(sending.url.host, login.accessToken);
    throw new AuthError('network_error', `${error.message} Perhaps ${message}`, { hint });
  });
}

function isFreshEnough(known: Known | undefined): known is Known {
  return known !== undefined && performance.now() - known.at < lookAgain;
}

/** The login of now, renewed if it must be; undefined where there is none. */
async function storedLogin({ name, url }: Target, context: Context): Promise<Login | undefined> {
  const known = name ?? (await nameOf(url, context));
  if (known === undefined) return undefined;
  try {
    return checkPlaceOf(await getFreshLogin({ name: known }, context), { name: known, url });
  } catch (error) {
    if (hasCode(error, 'login_needed') && !(await hasLogin(known, context))) return undefined;
    throw error;
  }
}

/** A name may have become another server's while we run: its token is not for the one that we speak to. */
function checkPlaceOf(login: Login, { name, url }: { name: string; url: URL }): Login {
  const place = getAudience(login);
  if (place === undefined || isResourceFor(place, url)) return login;
  throw new AuthError('login_needed', `The login to ${name} is now for ${quote(redactUrl(place))}, and not for ${redactUrl(url)}.`, {
    hint: 'Start the bridge again, or log in to the one that it speaks to.',
  });
}

async function entryOf({ name, url }: Target, { store, env }: Context): Promise<ServerEntry | undefined> {
  const document = await store.read();
  if (name !== undefined) return findServer(document, name);
  return listServers(document).find(([, entry]) => expandsToUrl(entry.url, url.href, env))?.[1];
}

async function nameOf(url: URL, { store, env }: Context): Promise<string | undefined> {
  return listServers(await store.read()).find(([, entry]) => expandsToUrl(entry.url, url.href, env))?.[0];
}

async function hasLogin(name: string, { store }: Context): Promise<boolean> {
  return listServers(await store.read()).some(([one, { auth }]) => one === name && auth !== undefined);
}

/** Another token than the one that was refused: one that somebody else has put into the store, or a new one. */
async function afterRefusal(
  { target, refused, hasWorked }: { target: Target; refused: Login | undefined; hasWorked: boolean },
  context: Context,
): Promise<Login | undefined> {
  const stored = await storedLogin(target, context);
  if (stored === undefined || stored.accessToken !== refused?.accessToken) return stored;
  const name = target.name ?? (await nameOf(target.url, context));
  if (name === undefined) return undefined;
  const login = await getFreshLogin({ name, rejectedToken: refused.accessToken, hasWorked }, context);
  return checkPlaceOf(login, { name, url: target.url });
}

/** A token that is new, and refused: no other process needs to find out by renewing it. */
async function remember(login: Login, target: Target, context: Context): Promise<void> {
  const name = target.name ?? (await nameOf(target.url, context));
  if (name !== undefined) await rememberRejectedToken({ name, login }, context);
}

interface Sending {
  readonly url: URL;
  readonly login: Login | undefined;
  readonly request: HttpRequest;
  readonly withToken: ReturnType<typeof tokenAmong>;
}

/** One request. The token goes to the server's own origin, and no redirect is followed. */
async function send({ url, login, request, withToken }: Sending, { http }: Context): Promise<HttpResponse> {
  if (login === undefined) return http.open(url, { ...request, timeout: 0 });
  if (login.tokenType === 'dpop' && login.dpopKey) {
    const dpop = await importDpop(login.dpopKey);
    return fromResponse(
      await requestWithDpop({ url, token: login.accessToken, dpop, request: { ...request, timeout: 0, stream: true } }, { http }),
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
async function checkScope(answer: HttpResponse, target: Target, context: Context): Promise<HttpResponse> {
  const { status, headers } = answer;
  if (status !== 403) return answer;
  const header = headers['www-authenticate'];
  if (header === undefined || parseChallenge(header)?.error !== 'insufficient_scope') return answer;
  discardResponse(answer);
  const { scope } = parseChallenge(header) ?? {};
  const challenge = `Bearer error="insufficient_scope"${scope === undefined ? '' : `, scope="${scope.replace(/[^\x21\x23-\x5b\x5d-\x7e ]/g, '')}"`}`;
  const name = target.name ?? (await nameOf(target.url, context)) ?? redactUrl(target.url);
  throw new AuthError('login_needed', `${name} wants more than the login that there is may do.`, {
    hint: `Run: ${formatCommand`mcp-auth login ${name} --challenge ${challenge.replaceAll("'", '')}`}`,
  });
}

function loginWanted({ name, url }: Target, what: string): AuthError {
  const there = redactUrl(url);
  return new AuthError('login_needed', `${name ?? there} ${what}.`, { hint: `Run: ${formatCommand`mcp-auth login ${name ?? there}`}` });
}
