/** A login as it is in the store, for its server and no other. */
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { quote, redactUrl } from '../text/server-text.js';
import { findServer, type StoreDocument } from '../store/document.js';
import { getAudience, isLoginFor, loginTypes, readLogin, type Login } from '../store/login.js';
import { expandVariables } from '../store/variables.js';
import { createLoginNeededError } from './renewal.js';

/**
 * The login of server `name`, fresh or not.
 *
 * @throws AuthError `login_needed` when there is none, or it is for another URL than the server's; `not_a_login` for other kinds
 * of authentication.
 */
export function readStoredLogin(document: StoreDocument, name: string, context: Pick<Context, 'env'>): Login {
  const entry = findServer(document, name);
  const login = readLogin(entry);
  if (login) return checkResource(login, { name, url: entry?.url }, context);
  if (entry === undefined) {
    throw new AuthError('login_needed', `There is no server called ${name} in the store.`, {
      hint: `Run: ${formatCommand`mcp-auth login URL --name ${name}`}     (mcp-auth list shows the servers)`,
    });
  }
  if (typeof entry.auth?.type === 'string' && !loginTypes.has(entry.auth.type)) {
    throw new AuthError('not_a_login', `${name} is authenticated by ${entry.auth.type}, not by a login: it has no token.`);
  }
  if (entry.url === undefined) throw new AuthError('not_a_login', `${name} is not a remote server: there is nothing to log in to.`);
  throw createLoginNeededError(name, `You are not logged in to ${name}`);
}

/** A token goes to the resource that it is for, also when another program has given the server another URL since. */
function checkResource(login: Login, { name, url }: { name: string; url: unknown }, { env }: Pick<Context, 'env'>): Login {
  const address = typeof url === 'string' ? expandedUrl(url, env) : undefined;
  if (address === undefined || isLoginFor(login, address)) return login;
  throw createLoginNeededError(
    name,
    `The login to ${name} is for ${quote(redactUrl(getAudience(login) ?? ''))}, and its URL in the store is now ${quote(redactUrl(address))}`,
  );
}

/** Undefined where a variable in it is not set: whoever uses the URL is told. */
function expandedUrl(url: string, env: Context['env']): URL | undefined {
  try {
    return new URL(expandVariables(url, env));
  } catch {
    return undefined;
  }
}
