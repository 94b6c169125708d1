/** Tokens that the MCP server rejects. If it rejects a renewed one as well, renewing again does not help. */
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { findServer } from '../store/document.js';
import { readLogin, writeLogin, type Login } from '../store/login.js';

/** Seconds for which a token is new. An older one may be renewed again. */
const newForSeconds = 300;

interface RejectedLogin {
  readonly name: string;
  readonly login: Login;
}

/**
 * Checks that a rejected token is worth a renewal: not if it replaced a rejected token and has never worked. The store remembers
 * that for all processes, until the token is replaced.
 *
 * @throws AuthError `token_refused`, with what to do.
 */
export async function checkRejectedToken(
  { name, login, hasWorked = false }: RejectedLogin & { readonly hasWorked?: boolean },
  context: Context,
): Promise<void> {
  const { refusals = 0, issuedAtSeconds = 0 } = login;
  const isNew = Math.abs(context.clock.now() / 1000 - issuedAtSeconds) < newForSeconds;
  if (refusals < 1 || (refusals === 1 && (hasWorked || !isNew))) return;
  await rememberRejectedToken({ name, login }, context);
  throw new AuthError('token_refused', `The server rejects the token of ${name} although it is new. Another one would be rejected, too.`, {
    hint: `It may require another scope or audience. Log in again: ${formatCommand`mcp-auth login ${name}`}     To find the problem: ${formatCommand`mcp-auth doctor ${name}`}`,
  });
}

/** Stores that the server rejects this token. If the store cannot be written, the next process will find out again. */
export async function rememberRejectedToken({ name, login }: RejectedLogin, { store }: Context): Promise<void> {
  const stored = readLogin(findServer(await store.read(name), name));
  if (stored?.accessToken !== login.accessToken || stored.refusals !== 1) return;
  const update = store.update((document) => {
    const entry = findServer(document, name);
    const current = readLogin(entry);
    if (entry && current?.accessToken === login.accessToken) writeLogin(entry, { ...current, refusals: 2 }, name);
  }, name);
  await update.catch(() => undefined);
}
