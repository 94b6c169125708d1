/** Reading, writing and deleting the login in a server's entry. All functions are pure. */
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { isResourceFor } from '../oauth/resource.js';
import { isObject } from '../text/json.js';
import type { ServerEntry } from './document.js';
import { loginMembers, type AuthEntry, type Login } from './login-members.js';
import { isOfKind } from './member-kinds.js';

export type { Login } from './login-members.js';

const members = Object.entries(loginMembers) as [keyof typeof loginMembers, (typeof loginMembers)[keyof typeof loginMembers]][];

/** The values of `auth.type` for a login. */
export const loginTypes: ReadonlySet<unknown> = new Set(['bearer', 'dpop']);

/** The login of an entry; undefined if it has no token. Members of a wrong type count as absent. */
export function readLogin(entry: ServerEntry | undefined): Login | undefined {
  const auth = entry?.auth;
  const type = isObject(auth) ? (auth.type ?? 'bearer') : undefined;
  if (auth === undefined || type === undefined || !loginTypes.has(type)) return undefined;
  const login: Record<string, unknown> = { tokenType: type };
  for (const [name, [key, kind]] of members) {
    const value: unknown = auth[key];
    if (isOfKind(value, kind)) login[name] = value;
  }
  return typeof login['accessToken'] === 'string' ? (login as unknown as Login) : undefined;
}

/** The URL that the token may be used for: the server's URL or a URL above it. Undefined if the login does not say. */
export function getAudience({ issuedFor, resource }: Login): string | undefined {
  return issuedFor ?? resource;
}

/** Whether the token may be used at `url`. A login that does not say where may be used at its server's URL, whatever that is. */
export function isLoginFor(login: Login, url: URL): boolean {
  const audience = getAudience(login);
  return audience === undefined || isResourceFor(audience, url);
}

/**
 * Puts `login` into an entry, in place of any login there. Keys of other programs stay. Changes `entry`.
 *
 * @throws AuthError `usage` as `checkLoginAllowed` does.
 */
export function writeLogin(entry: ServerEntry, login: Login, name: string): void {
  checkLoginAllowed(entry, name);
  const auth: AuthEntry = { ...pickForeignKeys(entry.auth), type: login.tokenType };
  const written = members.filter(([name]) => login[name] !== undefined).map(([name, [key]]) => [key, login[name]]);
  entry.auth = { ...auth, ...(Object.fromEntries(written) as AuthEntry) };
}

/** Deletes the login of an entry. Keys of other programs stay. Changes `entry`. */
export function deleteLogin(entry: ServerEntry): void {
  const rest = pickForeignKeys(entry.auth);
  if (Object.keys(rest).length > 0) entry.auth = rest;
  else delete entry.auth;
}

/** Whether a login of a sealed store could not be opened: another program has changed what it is bound to. */
export function isLoginClosed(entry: ServerEntry | undefined): boolean {
  return isObject(entry?.auth) && typeof entry.auth['sealed'] === 'string';
}

function pickForeignKeys(auth: unknown): AuthEntry {
  const ours = new Set<string>(['type', 'sealed', ...members.map(([, [key]]) => key)]);
  return isObject(auth) ? Object.fromEntries(Object.entries(auth).filter(([key]) => !ours.has(key))) : {};
}

/**
 * Checks that a login may be stored in an entry: it must not replace an API key or a password.
 *
 * @throws AuthError `usage` for an entry with another kind of authentication.
 */
export function checkLoginAllowed({ auth, url }: ServerEntry, name: string): void {
  const type = isObject(auth) ? (auth.type ?? 'bearer') : 'bearer';
  if (loginTypes.has(type)) return;
  throw new AuthError('usage', `${name} is authenticated by ${JSON.stringify(type)}, which a login would overwrite.`, {
    hint: `Log in under another name: ${formatCommand`mcp-auth login ${url ?? 'URL'} --name NAME`}`,
  });
}
