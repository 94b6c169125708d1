/** The library: get a token, a fetch that adds it, an OAuth provider for the MCP SDK, or log in. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { requestLentToken } from '../agent-client/lent-token.js';
import { findAtAgents, type WantedServer } from '../agent-client/lookup.js';
import { createServerHttp } from '../bridge/server-http.js';
import { checkBelongsToServer } from '../oauth/server-url.js';
import type { Context } from '../context.js';
import type { LoginEvent } from '../effects.js';
import { AuthError } from '../errors.js';
import { parseObject } from '../text/json.js';
import { toResponse } from '../http/web-response.js';
import { redactError } from '../secrets/secrets.js';
import { login as logIn } from '../login/login.js';
import { findTarget } from '../login/target.js';
import { createRefresher } from '../machine/program.js';
import { getBearerToken } from '../session/bearer-token.js';
import { createLoginNeededError } from '../session/login-needed.js';
import { getFreshLogin, findServerNameByUrl } from '../session/session.js';
import { withAccess } from '../session/server-access.js';
import { createCallbackUi } from '../callback-ui.js';
import { createUnattendedContext } from './without-terminal.js';
import { findServer, type ServerEntry } from '../store/document.js';
import { readLogin, type Login } from '../store/login.js';
import { expandVariables } from '../store/variables.js';

export interface Options {
  /** The store file; by default `MCP_AUTH_STORE`, or the platform's path. */
  readonly store?: string;
  /** Cancels the call with its reason. A renewal that was sent to the server is finished first. */
  readonly signal?: AbortSignal;
  /** Called with each warning that the CLI would print to stderr, as a sentence. */
  readonly onWarning?: (sentence: string) => void;
}

export interface TokenOptions extends Options {
  /** Required remaining lifetime of the token in seconds. */
  readonly minTtl?: number;
}

/**
 * Get a valid access token for a server. It is renewed first if necessary; if several processes ask at once, only one renews.
 *
 * @param server its name in the store, or its URL.
 * @throws AuthError `login_needed` if the user has to log in, with the command in its `hint`; `token_bound` for a DPoP-bound
 * token; `server_failed`, `network_error` … if renewing fails.
 */
export async function getToken(server: string, options: TokenOptions = {}): Promise<string> {
  return withContext(options, async (context) => {
    const atAgent = await findAtAgents(toWanted(server), context);
    if (atAgent !== undefined) return (await requestLentToken(atAgent, { minTtl: options.minTtl }, context)).access_token ?? '';
    const login = await getFreshLogin({ name: await resolveName(server, context), minTtl: options.minTtl }, context);
    return getBearerToken(login, { name: server, hint: 'Use serverFetch, which adds the DPoP proof.' });
  });
}

/**
 * Create a `fetch` for one server, for the option `fetch` of the SDK's transports. It adds a fresh token to each request, and
 * renews once after a 401. It rejects requests to another origin, or to a path of this origin outside of the server's URL.
 */
export function serverFetch(server: string, options: Options = {}): (url: string | URL, init?: RequestInit) => Promise<Response> {
  const context = openContext(options);
  return async (url, init = {}) => {
    const { name, url: serverUrl, entry } = await resolveServer(server, context);
    const target = new URL(url);
    checkBelongsToServer(target, { target: serverUrl, what: 'The address' });
    const request = {
      method: init.method,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === 'string' ? init.body : null,
      signal: init.signal ?? options.signal ?? null,
    };
    return toResponse(await createServerHttp({ url: serverUrl, name }, await withAccess(entry, context)).open(request, target));
  };
}

/**
 * Create an OAuthClientProvider for the SDK that uses the stored login. It never prompts, and never lets the SDK renew tokens,
 * because the SDK does not lock the store. If a login is needed, requests fail with an AuthError `login_needed`. Prefer
 * `serverFetch`, which also renews after a 401.
 */
export function authProvider(server: string, options: Options = {}): OAuthClientProvider {
  const login = async (): Promise<Login | undefined> =>
    withContext(options, async (context) => readLogin(findServer(await context.store.read(), await resolveName(server, context))));
  return {
    redirectUrl: undefined,
    clientMetadata: { client_name: 'mcp-auth', redirect_uris: [] },
    clientInformation: async () => {
      const { clientId, issuer } = (await login()) ?? {};
      return clientId === undefined ? undefined : { client_id: clientId, ...(issuer !== undefined && { issuer }) };
    },
    tokens: async () => ({ access_token: await getToken(server, options), token_type: 'Bearer' }),
    saveTokens: () => Promise.reject(createMissingLoginError(server)),
    saveCodeVerifier: () => Promise.reject(createMissingLoginError(server)),
    codeVerifier: () => Promise.reject(createMissingLoginError(server)),
    redirectToAuthorization: () => Promise.reject(createMissingLoginError(server)),
  };
}

/** How a login interacts with the user. */
export interface LoginUi {
  /** Show the events `authorization_url` and `device_code` to the user; the README lists their members. */
  onEvent(event: LoginEvent): void;
  /** Resolves to the redirect URL that the user pastes. Without it, a login needs a device code or the loopback listener. */
  paste?(): Promise<string | undefined>;
}

export interface LoginOptions extends Options {
  readonly ui: LoginUi;
  /** Name for a server that is not in the store yet. */
  readonly name?: string;
  /** The same as `--flow`, `--scope` and `--timeout` (seconds). */
  readonly flow?: string;
  readonly scope?: string;
  readonly timeout?: number;
}

/** A stored login. `expiresAtSeconds` is in seconds since the epoch. */
export interface LoggedIn {
  readonly server: string;
  readonly scope?: string;
  readonly expiresAtSeconds?: number;
}

/**
 * Log in without opening a browser on this machine. If the login fails, an existing login is kept.
 *
 * @throws AuthError the same errors as `mcp-auth login`.
 */
export async function login(server: string, options: LoginOptions): Promise<LoggedIn> {
  const { ui, name, flow, scope, timeout } = options;
  return withContext({ ...options, ui }, async (context) => {
    const target = await findTarget({ server, name }, context);
    const request = { ...target, client: {}, credentials: {}, flow, newSettings: { scope }, timeout, browserWanted: false, verify: true };
    const { login: stored } = await logIn(request, context);
    return { server: target.name, scope: stored.scope, expiresAtSeconds: stored.expiresAtSeconds };
  });
}

async function withContext<T>(options: Options & { ui?: LoginUi }, work: (context: Context) => Promise<T>): Promise<T> {
  const context = openContext(options);
  try {
    return await work(context);
  } catch (error) {
    throw error instanceof Error ? redactError(error, context.env) : error;
  } finally {
    context.http.close();
    context.agents?.close();
    await context.store.close();
  }
}

/**
 * The path of the CLI in the same package, or undefined. An app that bundles the library may have another program at that path,
 * so the package's name is checked.
 */
function findProgram(): string | undefined {
  const places = ['bin.cjs', '../bin.cjs'].map((file) => path.join(import.meta.dirname, file));
  return places.find((file) => existsSync(file) && isOwnPackage(path.join(file, '../../package.json')));
}

function isOwnPackage(manifest: string): boolean {
  try {
    return parseObject(readFileSync(manifest, 'utf8'))?.['name'] === 'mcp-auth-cli';
  } catch {
    return false;
  }
}

function openContext({ onWarning, ui, ...options }: Options & { ui?: LoginUi }): Context {
  const program = findProgram();
  const refresher = program === undefined ? undefined : createRefresher([process.execPath, program]);
  return createUnattendedContext({ ...options, refresher, asksAgents: true, ui: createCallbackUi({ ...ui, onWarning }) });
}

async function resolveServer(server: string, context: Context): Promise<{ name: string; url: URL; entry: ServerEntry }> {
  const atAgent = await findAtAgents(toWanted(server), context);
  if (atAgent !== undefined) return { name: atAgent.name, entry: {}, url: new URL(server.includes('://') ? server : atAgent.url) };
  const name = await resolveName(server, context);
  const entry = findServer(await context.store.read(), name);
  if (typeof entry?.url !== 'string') throw createMissingLoginError(server);
  const { url } = entry;
  return { name, entry, url: new URL(expandVariables(url, context.env)) };
}

async function resolveName(server: string, context: Context): Promise<string> {
  return server.includes('://') ? findServerNameByUrl(server, context) : server;
}

function toWanted(server: string): WantedServer {
  return server.includes('://') ? { url: server } : { name: server };
}

function createMissingLoginError(server: string): AuthError {
  return createLoginNeededError(server, `A login to ${server} is required`);
}
