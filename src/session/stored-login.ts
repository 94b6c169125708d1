/** Reads a stored login, and checks that it is for the URL of its server. */
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { quote, redactUrl } from '../text/server-text.js';
import { findServer, type StoreDocument } from '../store/document.js';
import { getAudience, isLoginClosed, isLoginFor, loginTypes, readLogin, type Login } from '../store/login.js';
import { createBrokenServerError } from '../store/seal/seal-errors.js';
import { expandVariables } from '../store/variables.js';
import { createLoginNeededError } from './login-needed.js';

/**
 * The login of server `name`, valid or expired.
 *
 * @throws AuthError `login_needed` if there is none, or it is for another URL than the server's; `not_a_login` for other kinds
 * of authentication; `seal_broken` if another program has changed what it is sealed to.
 */
export function readStoredLogin(document: StoreDocument, name: string, context: Pick<Context, 'env'>): Login {
  const entry = findServer(document, name);
  const login = readLogin(entry);
  if (login) return checkResource(login, { name, url: entry?.url }, context);
  if (entry === undefined) {
    throw new AuthError('login_needed', `The store has no server named ${name}.`, {
      hint: `Run: ${formatCommand`mcp-auth login URL --name ${name}`}     (mcp-auth list shows the servers)`,
    });
  }
  if (isLoginClosed(entry)) throw createBrokenServerError(name);
  if (typeof entry.auth?.type === 'string' && !loginTypes.has(entry.auth.type)) {
    throw new AuthError('not_a_login', `${name} uses ${entry.auth.type} authentication, not a login, so it has no token.`);
  }
  if (entry.url === undefined) throw new AuthError('not_a_login', `${name} is not a remote server, so it needs no login.`);
  throw createLoginNeededError(name, `You are not logged in to ${name}`);
}

/** A token is sent only to its own resource, even if another program has changed the URL of the server since the login. */
function checkResource(login: Login, { name, url }: { name: string; url: unknown }, { env }: Pick<Context, 'env'>): Login {
  const current = typeof url === 'string' ? expandUrl(url, env) : undefined;
  if (current === undefined || isLoginFor(login, current)) return login;
  throw createLoginNeededError(
    name,
    `The login to ${name} is for ${quote(redactUrl(getAudience(login) ?? ''))}, but its URL in the store is now ${quote(redactUrl(current))}`,
  );
}

/** Undefined if a variable in it is not set. Using the URL reports that. */
function expandUrl(url: string, env: Context['env']): URL | undefined {
  try {
    return new URL(expandVariables(url, env));
  } catch {
    return undefined;
  }
}
