/** The login of a machine, in code: a token, a fetch that adds it, a provider for the MCP SDK, a new login. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { createAuthorizedFetch } from '../bridge/authorized-fetch.js';
import { checkBelongsToServer } from '../oauth/server-url.js';
import type { Context } from '../context.js';
import type { LoginEvent } from '../effects.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { parseObject } from '../text/json.js';
import { toResponse } from '../http/web-response.js';
import { redactError } from '../secrets/secrets.js';
import { login as logIn } from '../login/login.js';
import { findTarget } from '../login/target.js';
import { createRefresher } from '../machine/program.js';
import { getFreshLogin, findServerNameByUrl } from '../session/session.js';
import { withAccess } from '../session/server-access.js';
import { createContext, createCallbackUi } from './without-terminal.js';
import { findServer, type ServerEntry } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { expandVariables } from '../store/variables.js';

export interface Options {
  /** The store's file; the usual one, or `MCP_AUTH_STORE`, otherwise. */
  readonly store?: string;
  /** Ends what is under way, with its reason. A renewal that has been sent is finished first. */
  readonly signal?: AbortSignal;
  /** Is told what a person would read on stderr: warnings, in sentences. */
  readonly onWarning?: (sentence: string) => void;
}

export interface TokenOptions extends Options {
  /** Seconds that the token has to live at least. */
  readonly minTtl?: number;
}

/**
 * An access token for a server that is valid now. Renewed first if it must be; however many processes ask at once, one of
 * them renews.
 *
 * @param server its name in the store, or its URL.
 * @throws AuthError `login_needed` when a person has to log in, with the command in its `hint`; `server_failed`,
 * `network_error` … while it cannot be renewed.
 */
export async function getToken(server: string, options: TokenOptions = {}): Promise<string> {
  return used(options, async (context) => {
    const { accessToken, tokenType } = await getFreshLogin({ name: await nameOf(server, context), minTtl: options.minTtl }, context);
    if (tokenType === 'dpop') throw boundToKey(server);
    return accessToken;
  });
}

/**
 * A `fetch` for one server, for the SDK's transports (their option `fetch`): it adds a fresh token to each request, and
 * renews once on a 401. Requests to another origin, or to a part of this one where the server is not, are refused.
 */
export function serverFetch(server: string, options: Options = {}): (url: string | URL, init?: RequestInit) => Promise<Response> {
  const context = contextFor(options);
  return async (url, init = {}) => {
    const { name, at, entry } = await serverOf(server, context);
    const target = new URL(url);
    checkBelongsToServer(target, { target: at, what: 'The address' });
    const request = {
      method: init.method,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === 'string' ? init.body : null,
      signal: init.signal ?? options.signal ?? null,
    };
    return toResponse(await createAuthorizedFetch({ url: at, name }, await withAccess(entry, context))(request, target));
  };
}

/**
 * An OAuthClientProvider for the SDK that has the login of the store. It never asks a person and never renews by the SDK,
 * which knows no lock: where a login is needed, the request fails with an AuthError `login_needed`. `serverFetch` does
 * more: it renews on a 401.
 */
export function authProvider(server: string, options: Options = {}): OAuthClientProvider {
  const login = async (): Promise<Login | undefined> =>
    used(options, async (context) => readLogin(findServer(await context.store.read(), await nameOf(server, context))));
  return {
    redirectUrl: undefined,
    clientMetadata: { client_name: 'mcp-auth', redirect_uris: [] },
    clientInformation: async () => {
      const { clientId, issuer } = (await login()) ?? {};
      return clientId === undefined ? undefined : { client_id: clientId, ...(issuer !== undefined && { issuer }) };
    },
    tokens: async () => ({ access_token: await getToken(server, options), token_type: 'Bearer' }),
    saveTokens: () => Promise.reject(needsLogin(server)),
    saveCodeVerifier: () => Promise.reject(needsLogin(server)),
    codeVerifier: () => Promise.reject(needsLogin(server)),
    redirectToAuthorization: () => Promise.reject(needsLogin(server)),
  };
}

/** What a login shows, and asks. */
export interface LoginUi {
  /** `authorization_url` and `device_code` are for the person; see the README for their members. */
  onEvent(event: LoginEvent): void;
  /** The address that the browser ended on. Without it, a code or the loopback listener has to do. */
  paste?(): Promise<string | undefined>;
}

export interface LoginOptions extends Options {
  readonly ui: LoginUi;
  /** What to call a server that is not in the store yet. */
  readonly name?: string;
  /** As `--flow`, `--scope` and `--timeout` (seconds). */
  readonly flow?: string;
  readonly scope?: string;
  readonly timeout?: number;
}

/** A login that has been stored; `expiresAtSeconds` is seconds since the epoch. */
export interface LoggedIn {
  readonly server: string;
  readonly scope?: string;
  readonly expiresAtSeconds?: number;
}

/**
 * Logs in, without opening a browser here. A login that is there is there again where the new one does not succeed.
 *
 * @throws AuthError as the command does.
 */
export async function login(server: string, options: LoginOptions): Promise<LoggedIn> {
  const { ui, name, flow, scope, timeout } = options;
  return used({ ...options, ui }, async (context) => {
    const target = await findTarget({ server, name }, context);
    const request = { ...target, client: {}, credentials: {}, flow, newSettings: { scope }, timeout, browserWanted: false, verify: true };
    const { login: stored } = await logIn(request, context);
    return { server: target.name, scope: stored.scope, expiresAtSeconds: stored.expiresAtSeconds };
  });
}

async function used<T>(options: Options & { ui?: LoginUi }, work: (context: Context) => Promise<T>): Promise<T> {
  const context = contextFor(options);
  try {
    return await work(context);
  } catch (error) {
    throw error instanceof Error ? redactError(error, context.env) : error;
  } finally {
    context.http.close();
  }
}

/**
 * This program, which is beside the library or above its pieces where they are installed together. An app that has the library in
 * a bundle of its own may have another program there, which is not to be started.
 */
function findProgram(): string | undefined {
  const places = ['bin.cjs', '../bin.cjs'].map((file) => path.join(import.meta.dirname, file));
  return places.find((file) => existsSync(file) && isOurs(path.join(file, '../../package.json')));
}

function isOurs(manifest: string): boolean {
  try {
    return parseObject(readFileSync(manifest, 'utf8'))?.['name'] === 'mcp-auth-cli';
  } catch {
    return false;
  }
}

function contextFor({ onWarning, ui, ...options }: Options & { ui?: LoginUi }): Context {
  const program = findProgram();
  const refresher = program === undefined ? undefined : createRefresher([process.execPath, program]);
  return createContext({ ...options, refresher, ui: createCallbackUi({ ...ui, onWarning }) });
}

async function serverOf(server: string, context: Context): Promise<{ name: string; at: URL; entry: ServerEntry }> {
  const name = await nameOf(server, context);
  const entry = findServer(await context.store.read(), name);
  if (typeof entry?.url !== 'string') throw needsLogin(server);
  const { url } = entry;
  return { name, entry, at: new URL(expandVariables(url, context.env)) };
}

async function nameOf(server: string, context: Context): Promise<string> {
  return server.includes('://') ? findServerNameByUrl(server, context) : server;
}

function needsLogin(server: string): AuthError {
  return new AuthError('login_needed', `A login to ${server} is needed.`, { hint: `Run: ${formatCommand`mcp-auth login ${server}`}` });
}

function boundToKey(server: string): AuthError {
  return new AuthError('not_a_login', `The token of ${server} is bound to a key (DPoP): use serverFetch, which proves that it has it.`);
}
