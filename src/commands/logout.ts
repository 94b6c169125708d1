import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { revokeLogin } from '../revoke.js';
import { deleteLogin, findServer, readLogin, servers, type ServerEntry } from '../store/document.js';
import type { Command } from './command.js';

export const logout: Command = {
  arguments: [{ syntax: '<name>', help: 'name of a server in the store' }],
  options: [],
  examples: ['logout linear'],
  run: async ({ arguments: [name = ''] }, context) => {
    const { ui } = context;
    if (await endLogin(name, context)) ui.succeed(`Logged out of ${name}.`);
    else ui.say(`You were not logged in to ${name}.`);
  },
};

/**
 * Revokes the login of server `name` and takes it out of the store, whatever its authorization server says.
 *
 * @returns whether there was one.
 * @throws AuthError `usage` when there is no such server.
 */
export async function endLogin(name: string, context: Context): Promise<boolean> {
  // A refresh under way would otherwise put new tokens in after we have taken the old ones out.
  return context.store.withServerLock(name, () => endLockedLogin(name, context));
}

async function endLockedLogin(name: string, context: Context): Promise<boolean> {
  const document = await context.store.read();
  const login = readLogin(
    requireServer(
      findServer(document, name),
      name,
      servers(document).map(([one]) => one),
    ),
  );
  if (login === undefined) return false;
  const remains = await revokeLogin({ name, login, document }, context);
  await context.store.update((now) => {
    const entry = findServer(now, name);
    if (entry) deleteLogin(entry);
  });
  if (remains !== undefined) context.ui.warn(remains);
  return true;
}

function requireServer(entry: ServerEntry | undefined, name: string, names: string[]): ServerEntry {
  if (entry) return entry;
  throw new AuthError('usage', `There is no server called ${JSON.stringify(name)} in the store.`, {
    hint: names.length > 0 ? `The store has ${names.join(', ')}.` : 'The store is empty.',
  });
}
