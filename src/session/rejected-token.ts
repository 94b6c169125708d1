/** A server that refuses new tokens: more of them help nobody, and each costs the authorization server a refresh. */
import type { Context } from '../context.js';
import { formatCommand } from '../text/command-line.js';
import { AuthError } from '../errors.js';
import { findServer } from '../store/document.js';
import { readLogin, writeLogin, type Login } from '../store/login.js';

/** Seconds for which a token counts as new: one that was taken for longer may be renewed again. */
const newFor = 300;

interface Refused {
  readonly name: string;
  readonly login: Login;
}

/**
 * Sees to it that a refused token is not renewed where it came in place of a refused one itself, and never worked. That is remembered
 * for as long as the token is there, also by other processes.
 *
 * @throws AuthError `token_refused`, with what to do.
 */
export async function checkRejectedToken(
  { name, login, hasWorked = false }: Refused & { hasWorked?: boolean },
  context: Context,
): Promise<void> {
  const { refusals = 0, issuedAtSeconds: issuedAt = 0 } = login;
  const isNew = Math.abs(context.clock.now() / 1000 - issuedAt) < newFor;
  if (refusals < 1 || (refusals === 1 && (hasWorked || !isNew))) return;
  await rememberRejectedToken({ name, login }, context);
  throw new AuthError('token_refused', `The server refuses the token of ${name}, which is new: another one would be refused, too.`, {
    hint: `It may want another scope or audience. Log in again: ${formatCommand`mcp-auth login ${name}`}     What is wrong: ${formatCommand`mcp-auth doctor ${name}`}`,
  });
}

/** Remembers that the server refuses this very token. Where that cannot be written, the next process finds out by itself. */
export async function rememberRejectedToken({ name, login }: Refused, { store }: Context): Promise<void> {
  const known = readLogin(findServer(await store.read(name), name));
  if (known?.accessToken !== login.accessToken || known.refusals !== 1) return;
  const change = store.update((document) => {
    const entry = findServer(document, name);
    const now = readLogin(entry);
    if (entry && now?.accessToken === login.accessToken) writeLogin(entry, { ...now, refusals: 2 }, name);
  }, name);
  await change.catch(() => undefined);
}
