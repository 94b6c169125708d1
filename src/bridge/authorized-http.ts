/** Requests to one MCP server with its stored login. A rejected token is renewed once, and the request sent again. */
import { Readable } from 'node:stream';
import type { Context } from '../context.js';
import type { BinaryString, HttpRequest, HttpResponse } from '../effects.js';
import { AuthError, hasCode } from '../errors.js';
import { fromResponse } from '../http/web-response.js';
import { parseChallenge } from '../oauth/challenge.js';
import { createForeignRedirectError, findRedirectTarget, isRedirect, maxServerRedirects } from '../oauth/server-url.js';
import { describeHeaderLengthRejection, isLongToken, needsBody, rejectsHeaderLength, rejectsToken } from '../oauth/token-rejection.js';
import { createLoginNeededError } from '../session/login-needed.js';
import { withAccess } from '../session/server-access.js';
import type { Login } from '../store/login.js';
import { binaryEncoding, fromBinary } from '../text/binary-string.js';
import { formatCommand } from '../text/command-line.js';
import { redactUrl } from '../text/server-text.js';
import { discardResponse, readBody } from './body.js';
import { findTargetEntry, findTargetName, getTargetLogin, rememberRejection, replaceRejectedLogin, type Target } from './target-login.js';
import { isWithin, TokenHistory } from './token-history.js';

export interface AuthorizedHttp {
  /** How often the token has been replaced so far. */
  readonly renewalCount: number;
  /**
   * Sends a request with the token of the stored login, or without a token if there is none, since the server may not require one.
   * Resolves with the head of the response, like `Http.open`.
   *
   * @param url at the server; the URL of the target by default.
   * @throws AuthError `login_needed`, with the command to run, when the server requires a login, or a login with more scopes.
   */
  open(request: HttpRequest, url?: URL): Promise<HttpResponse>;
  /**
   * Replaces a token that was rejected in the body of a successful response. Resolves to whether there is a new token.
   *
   * @param renewalCount as it was when the request was sent. If it is higher now, the token has been replaced already.
   */
  renew(renewalCount: number): Promise<boolean>;
  /** Reads the login from the store again at the next request, even if it was read just before. */
  forgetLogin(): void;
}

/** An AuthError `login_needed` for a 403 that requires more scopes (RFC 6750 section 3.1), with the challenge to answer. */
export class ScopeRequiredError extends AuthError {
  readonly challenge: string;

  constructor(message: string, { challenge, hint }: { challenge: string; hint: string }) {
    super('login_needed', message, { hint });
    this.challenge = challenge;
  }
}

export function createAuthorizedHttp(target: Target, context: Context): AuthorizedHttp {
  return new StoredLoginHttp(target, context);
}

/** Milliseconds for which the login is not read from the store again. */
const lookupPeriod = 2_000;

/** `TokenHistory` keeps rejections in the body of a successful response apart from those by status. */
const inBody = 'body';

interface LoginLookup {
  readonly login: Login | undefined;
  readonly at: number;
}

interface Attempt {
  readonly response: HttpResponse;
  readonly isTokenRejected: boolean;
}

class StoredLoginHttp implements AuthorizedHttp {
  readonly #target: Target;
  readonly #context: Context;
  readonly #history: TokenHistory;
  /** The context plus the headers and the certificate of the server's entry, which may be stored together with a login. */
  #access: { readonly context: Context; readonly forToken?: string };
  #lookup: LoginLookup | undefined;
  #renewing: Promise<Login | undefined> | undefined;
  #renewalCount = 0;
  /** Where the server has redirected a URL to. */
  readonly #redirects = new Map<string, URL>();

  constructor(target: Target, context: Context) {
    this.#target = target;
    this.#context = context;
    this.#access = { context };
    this.#history = new TokenHistory(context);
  }

  get renewalCount(): number {
    return this.#renewalCount;
  }

  async open(request: HttpRequest, url = this.#target.url): Promise<HttpResponse> {
    const login = await this.#getLogin();
    const method = request.method ?? 'GET';
    const first = await this.#attempt(request, url, login);
    if (!first.isTokenRejected) return this.#accept(first.response, method, login);
    if (login !== undefined && this.#isRenewalHopeless(method, login)) return this.#reject(first.response);
    discardResponse(first.response);
    const next = await this.#replaceLogin(login);
    if (next === undefined) throw createTargetLoginError(this.#target, 'requires a login');
    const second = await this.#attempt(request, url, next);
    if (!second.isTokenRejected) return this.#accept(second.response, method, next);
    this.#history.noteHopeless(method, next.accessToken);
    // Any other status may be about this one message.
    const isCertain = method === 'POST' && second.response.status === 401 && !this.#history.isAccepted(next.accessToken);
    if (isCertain) await rememberRejection(next, this.#target, this.#context);
    return this.#reject(second.response);
  }

  async renew(renewalCount: number): Promise<boolean> {
    if (this.#renewing !== undefined) return (await this.#renewing) !== undefined;
    if (renewalCount < this.#renewalCount) return true;
    const rejected = this.#lookup?.login;
    if (rejected === undefined || this.#history.isHopeless(inBody, rejected.accessToken)) return false;
    this.#renewing = this.#replaceLogin(rejected).finally(() => (this.#renewing = undefined));
    const next = await this.#renewing;
    if (next !== undefined) this.#history.noteHopeless(inBody, next.accessToken);
    return next !== undefined;
  }

  forgetLogin(): void {
    this.#lookup = undefined;
  }

  async #getLogin(): Promise<Login | undefined> {
    const { clock } = this.#context;
    if (this.#lookup !== undefined && isWithin(this.#lookup.at, lookupPeriod, clock)) return this.#lookup.login;
    const at = clock.now();
    const login = await getTargetLogin(this.#target, this.#context);
    await this.#updateAccess(login);
    this.#lookup = { login, at };
    return login;
  }

  async #replaceLogin(rejected: Login | undefined): Promise<Login | undefined> {
    this.#lookup = undefined;
    const hasWorked = rejected !== undefined && this.#history.hasWorked(rejected.accessToken);
    const login = await replaceRejectedLogin({ target: this.#target, rejected, hasWorked }, this.#context);
    await this.#updateAccess(login);
    this.#renewalCount += 1;
    if (login !== undefined) this.#lookup = { login, at: this.#context.clock.now() };
    return login;
  }

  async #updateAccess(login: Login | undefined): Promise<void> {
    if (login === undefined || login.accessToken === this.#access.forToken) return;
    const entry = await findTargetEntry(this.#target, this.#context);
    this.#access = { context: await withAccess(entry, this.#context), forToken: login.accessToken };
  }

  async #attempt(request: HttpRequest, url: URL, login: Login | undefined): Promise<Attempt> {
    const response = await this.#sendAndRedirect(request, url, login);
    return response.status < 400 ? { response, isTokenRejected: false } : readRejection(response, login);
  }

  /** Sends a request to where the server has it now. */
  async #sendAndRedirect(request: HttpRequest, url: URL, login: Login | undefined): Promise<HttpResponse> {
    let current = this.#redirects.get(url.href) ?? url;
    for (let count = 0; ; count += 1) {
      const response = await send({ url: current, login, request }, this.#access.context);
      if (response.status < 300 || response.status > 399) return response;
      const redirect = { status: response.status, location: response.headers['location'] };
      if (!isRedirect(redirect)) return response;
      discardResponse(response);
      const next = count < maxServerRedirects ? findRedirectTarget(redirect, current) : undefined;
      if (next === undefined) throw createForeignRedirectError(redirect.location ?? '', current);
      this.#redirects.set(url.href, next);
      current = next;
    }
  }

  #isRenewalHopeless(method: string, { accessToken }: Login): boolean {
    // A stream that is rejected while messages are accepted is not rejected because of the token.
    if (method !== 'POST' && this.#history.isAccepted(accessToken)) this.#history.noteHopeless(method, accessToken);
    return this.#history.isHopeless(method, accessToken);
  }

  #accept(response: HttpResponse, method: string, login: Login | undefined): Promise<HttpResponse> | HttpResponse {
    const isCurrent = login !== undefined && this.#lookup?.login === login;
    if (isCurrent && method === 'POST' && response.status < 300) this.#history.noteAccepted(login.accessToken);
    return response.status === 403 ? checkScope(response, this.#target, this.#context) : response;
  }

  /** A 401 becomes an error. Any other status may be about this one request, and stays the server's response. */
  #reject(response: HttpResponse): HttpResponse {
    if (response.status !== 401) return response;
    discardResponse(response);
    throw createTargetLoginError(this.#target, 'rejects the stored login');
  }
}

/** Whether an error response is about the token. If its body has to be read for that, the returned response has it again. */
async function readRejection(response: HttpResponse, login: Login | undefined): Promise<Attempt> {
  const token = login?.accessToken ?? '';
  const { status } = response;
  const head = { status, challenge: response.headers['www-authenticate'] };
  const isBodyNeeded = needsBody(head) || status === 413 || status === 414;
  const body = isBodyNeeded ? await readBody(response) : undefined;
  const text = body === undefined ? undefined : fromBinary(body);
  const unread = body === undefined ? response : restoreBody(response, body);
  if (token !== '' && rejectsHeaderLength({ status, text }, token)) {
    discardResponse(unread);
    const { message, hint } = describeHeaderLengthRejection('The server', token);
    throw new AuthError('server_failed', message, { hint });
  }
  return { response: unread, isTokenRejected: rejectsToken({ ...head, text }) };
}

/** A response whose body was read, with that body again. */
export function restoreBody(response: HttpResponse, body: BinaryString): HttpResponse {
  return { ...response, body: Readable.from([Buffer.from(body, binaryEncoding)], { objectMode: false }) };
}

interface LoginRequest {
  readonly url: URL;
  readonly login: Login | undefined;
  readonly request: HttpRequest;
}

/** Sends one request without following redirects. Some servers close the connection when the token exceeds their header limit. */
async function send({ url, login, request }: LoginRequest, { http }: Context): Promise<HttpResponse> {
  if (login === undefined) return http.open(url, { ...request, timeout: 0 });
  try {
    return await sendWithToken({ url, login, request }, { http });
  } catch (error) {
    if (!isLongToken(login.accessToken) || !hasCode(error, 'network_error')) throw error;
    const { message, hint } = describeHeaderLengthRejection(url.host, login.accessToken);
    throw new AuthError('network_error', `${error.message} Perhaps ${message}`, { hint });
  }
}

async function sendWithToken(
  { url, login, request }: LoginRequest & { readonly login: Login },
  { http }: Pick<Context, 'http'>,
): Promise<HttpResponse> {
  const { accessToken, tokenType, dpopKey } = login;
  if (tokenType === 'dpop' && dpopKey) {
    const { importDpop, requestWithDpop } = await import('../oauth/dpop.js');
    const dpop = await importDpop(dpopKey);
    const streamed = { ...request, timeout: 0, stream: true };
    return fromResponse(await requestWithDpop({ url, token: accessToken, dpop, request: streamed }, { http }));
  }
  return http.open(url, { ...request, headers: { ...request.headers, authorization: `Bearer ${accessToken}` }, timeout: 0 });
}

/** Throws for a 403 that asks for more scopes (RFC 6750 section 3.1), with the command that requests them. */
async function checkScope(response: HttpResponse, target: Target, context: Context): Promise<HttpResponse> {
  const { error, scope } = parseChallenge(response.headers['www-authenticate'] ?? null) ?? {};
  if (error !== 'insufficient_scope') return response;
  discardResponse(response);
  const parameter = scope === undefined ? '' : `, scope="${scope.replace(/[^\x21\x23-\x5b\x5d-\x7e ]/g, '')}"`;
  const challenge = `Bearer error="insufficient_scope"${parameter}`.replaceAll("'", '');
  const name = (await findTargetName(target, context)) ?? redactUrl(target.url);
  throw new ScopeRequiredError(`${name} requires more scopes than the stored login has.`, {
    challenge,
    hint: `Run: ${formatCommand`mcp-auth login ${name} --challenge ${challenge}`}`,
  });
}

function createTargetLoginError({ name, url }: Target, problem: string): AuthError {
  const server = name ?? redactUrl(url);
  return createLoginNeededError(server, `${server} ${problem}`);
}
