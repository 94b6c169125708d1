/** The life of a login at one real server: paste, a call, a refresh that rotates, a second login, logout. */
import { expect } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';

export interface LiveServer {
  /** The MCP endpoint. */
  readonly url: string;
  /** Plays the user's browser: opens the URL, approves, and returns the redirect URL. */
  approve(address: string): Promise<string>;
  /** The status of an MCP request with this token. */
  status(token: string): Promise<number>;
}

/** What the tests of one server check afterwards. */
export interface Life {
  /** The parameters of the authorization request and of its response. */
  readonly request: URLSearchParams;
  readonly response: URLSearchParams;
  readonly store: string;
  /** `auth` after the login, and after a refresh. */
  readonly first: Record<string, unknown>;
  readonly second: Record<string, unknown>;
  readonly said: string;
}

const authorize = /^(http:\S+\?\S*client_id=\S+)$/m;

/** Runs a login up to its refresh, with the checks that apply to every server. */
export async function live(server: LiveServer, options = '', env: Record<string, string> = {}): Promise<Life> {
  const store = temporaryStore();
  const login = run(`login ${server.url} --no-browser --flow paste --name live ${options}`, { store, stdin: 'open', env });
  const address = await login.shown(authorize);
  const end = await server.approve(address);
  login.type(`${end}\n`);
  expect(await login.exit, login.stderr).toBe(0);
  expect(login.stderr).toMatch(/It is “live-server 1.0.0” and has 1 tool\./);
  const first = readStore(store).mcpServers.live.auth as Record<string, unknown>;
  expect(await server.status(String(first['token']))).toBe(200);

  const renewed = run('token live --min-ttl 99999', { store });
  expect(await renewed.exit, renewed.stderr).toBe(0);
  const second = readStore(store).mcpServers.live.auth as Record<string, unknown>;
  expect(second['token']).not.toBe(first['token']);
  expect(await server.status(String(second['token']))).toBe(200);

  return { request: new URL(address).searchParams, response: new URL(end).searchParams, store, first, second, said: login.stderr };
}

/** Logs in a second time: the registration and its redirect URI are used again. */
export async function liveAgain(server: LiveServer, { store, request }: Life): Promise<void> {
  const login = run('login live --no-browser --flow paste', { store, stdin: 'open' });
  const address = await login.shown(authorize);
  expect(new URL(address).searchParams.get('client_id')).toBe(request.get('client_id'));
  expect(new URL(address).searchParams.get('redirect_uri')).toBe(request.get('redirect_uri'));
  login.type(`${await server.approve(address)}\n`);
  expect(await login.exit, login.stderr).toBe(0);
}

/** Logs out, and checks that the tokens are revoked. */
export async function endLive(server: LiveServer, { store }: Life): Promise<void> {
  const { token } = readStore(store).mcpServers.live.auth as { token: string };
  const logout = run('logout live', { store });
  expect(await logout.exit).toBe(0);
  expect(logout.stderr).not.toContain('may still be valid');
  expect(await server.status(token)).toBe(401);
  expect(readStore(store).mcpServers.live).not.toHaveProperty('auth');
}
