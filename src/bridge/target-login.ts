/** The login of the MCP server that the bridge connects to. It may be stored, renewed or replaced while the bridge runs. */
import type { Context } from '../context.js';
import { AuthError, hasCode } from '../errors.js';
import { rememberRejectedToken } from '../session/rejected-token.js';
import { getFreshLogin } from '../session/session.js';
import { findServer, listServers, type ServerEntry } from '../store/document.js';
import { getAudience, isLoginFor, type Login } from '../store/login.js';
import { expandsToUrl } from '../store/variables.js';
import { quote, redactUrl } from '../text/server-text.js';

/** The MCP server that the user named. */
export interface Target {
  readonly url: URL;
  /** Its name in the store. Absent if the user gave the URL, which may be stored later. */
  readonly name?: string;
}

/** The name of the target in the store, or undefined if its URL is not stored. */
export async function findTargetName({ name, url }: Target, context: Context): Promise<string | undefined> {
  return name ?? (await findEntryByUrl(url, context))?.[0];
}

/** The entry of the target in the store. */
export async function findTargetEntry(target: Target, context: Context): Promise<ServerEntry | undefined> {
  return (await findTargetServer(target, context))?.[1];
}

/** The name of the target and its entry in the store. */
export async function findTargetServer({ name, url }: Target, context: Context): Promise<NamedEntry | undefined> {
  if (name === undefined) return findEntryByUrl(url, context);
  const entry = findServer(await context.store.read(), name);
  return entry && [name, entry];
}

type NamedEntry = readonly [name: string, entry: ServerEntry];

async function findEntryByUrl(url: URL, { store, env }: Context): Promise<NamedEntry | undefined> {
  return listServers(await store.read()).find(([, entry]) => expandsToUrl(entry.url, url.href, env));
}

/** The stored login, renewed if it has expired. Undefined if there is none. */
export async function getTargetLogin(target: Target, context: Context): Promise<Login | undefined> {
  const name = await findTargetName(target, context);
  if (name === undefined) return undefined;
  try {
    return checkAudience(await getFreshLogin({ name }, context), { name, url: target.url });
  } catch (error) {
    if (hasCode(error, 'login_needed') && !(await hasLogin(name, context))) return undefined;
    throw error;
  }
}

/** A login with another token than the rejected one: another process has stored it, or it is renewed now. */
export async function replaceRejectedLogin(
  { target, rejected, hasWorked }: { target: Target; rejected: Login | undefined; hasWorked: boolean },
  context: Context,
): Promise<Login | undefined> {
  const stored = await getTargetLogin(target, context);
  if (stored === undefined || stored.accessToken !== rejected?.accessToken) return stored;
  const name = await findTargetName(target, context);
  if (name === undefined) return undefined;
  const login = await getFreshLogin({ name, rejectedToken: rejected.accessToken, hasWorked }, context);
  return checkAudience(login, { name, url: target.url });
}

/** Stores that the server rejects this new token, so that no other process renews it again. */
export async function rememberRejection(login: Login, target: Target, context: Context): Promise<void> {
  const name = await findTargetName(target, context);
  if (name !== undefined) await rememberRejectedToken({ name, login }, context);
}

/** While the bridge runs, its name may be given to another server, whose token must not be sent to this one. */
function checkAudience(login: Login, { name, url }: { name: string; url: URL }): Login {
  if (isLoginFor(login, url)) return login;
  const audience = redactUrl(getAudience(login) ?? '');
  throw new AuthError('login_needed', `The stored login of ${name} is now for ${quote(audience)}, not for ${redactUrl(url)}.`, {
    hint: `Restart the bridge, or log in to ${redactUrl(url)}.`,
  });
}

async function hasLogin(name: string, { store }: Context): Promise<boolean> {
  return listServers(await store.read()).some(([one, { auth }]) => one === name && auth !== undefined);
}
