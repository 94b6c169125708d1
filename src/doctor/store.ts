/** The store file, and the locks next to it. */
import { AuthError } from '../errors.js';
import { renewInRefresher } from '../session/renew-in-refresher.js';
import { listServers } from '../store/document.js';
import type { Store } from '../store/store.js';
import { failure, fine, warning, type MachineCheck, type CheckResult } from './check.js';

export const file: MachineCheck = {
  name: 'Store',
  run: async (_, { store }) => {
    const count = listServers(await store.read()).length;
    const { mode, engine } = await store.readState();
    if (engine !== undefined) return fine(`${store.path} (${engine}) has ${count} server${count === 1 ? '' : 's'}`);
    if (mode === undefined) return fine(`${store.path} does not exist yet: the first login creates it`);
    const what = `${store.path} has ${count} server${count === 1 ? '' : 's'}`;
    const [finding] = store.getWarnings();
    if (finding !== undefined) return warning(what, finding);
    return fine(process.platform === 'win32' ? what : `${what}, mode ${(mode & 0o777).toString(8).padStart(4, '0')}`);
  },
};

/** How the database that the store is in is set up. */
export const database: MachineCheck = {
  name: 'Store: database',
  run: async (_, { store }) => {
    if (!hasPath(store)) return undefined;
    const { engine, findings = [] } = await store.readState();
    if (engine === undefined) return undefined;
    if (findings.length === 0) return fine(`${engine} keeps what it is given, and this user has no more rights than needed`);
    return findings.map(({ problem, hint }) => warning(problem, hint));
  },
};

/** Whether the secrets are sealed, and what opens them. */
export const seal: MachineCheck = {
  name: 'Store: seal',
  run: async (_, { store, keyring }) => {
    if (!hasPath(store)) return undefined;
    const { seal, expected } = await store.readSealState();
    if (seal === undefined && expected === undefined) return undefined;
    if (seal === undefined)
      return failure('was removed by another program', { hint: 'To seal the store again, run: mcp-auth seal', code: 'seal_broken' });
    const identity = await keyring.getIdentity();
    await keyring.openSeal(seal);
    const { length } = seal.recipients;
    return fine(`sealed to ${length} recipient${length === 1 ? '' : 's'}. Opened by: ${identity.what}`);
  },
};

/** A store that cannot be written can still serve tokens, for example a secret that is mounted read-only. */
export const writable: MachineCheck = {
  name: 'Store: writing',
  run: async (_, { store }) => {
    if (!hasPath(store)) return undefined;
    try {
      await store.checkWritable();
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return warning(`${error.message} Tokens can be read but not renewed.`, error.hint);
    }
    return fine('writable');
  },
};

/** If no process can be started, as in some sandboxes, killing a command during a renewal can lose the login. */
export const renewals: MachineCheck = {
  name: 'Renewals',
  run: async (_, context) => {
    const { refresher, store } = context;
    if (refresher === undefined || !hasPath(store)) return undefined;
    if (await renewInRefresher({ renewals: [], take: () => undefined }, { refresher, context })) {
      return fine('run in a separate process, which survives the command that started it');
    }
    return warning(
      'run in the process of the command: no other process can be started here',
      'Do not kill a command while it renews a token, or the login may be lost. The cause is a process limit or a sandbox.',
    );
  },
};

export const locks: MachineCheck = {
  name: 'Store: locks',
  run: async (_, { store, clock }) => {
    if (!hasPath(store)) return undefined;
    const { locks } = await store.readState();
    if (locks.length === 0) return fine('no locks');
    return locks.map(({ path, pid, hasEnded, touchedAt }): CheckResult => {
      const age = Math.max(0, Math.round((clock.now() - touchedAt) / 1000));
      const who = pid === undefined ? 'a process' : `process ${pid}`;
      if (hasEnded)
        return warning(`${who} has ended and left ${path}`, 'Nothing to do: the next process that needs the lock takes it over.');
      return fine(`${who} holds ${path} (last active ${age} s ago)`);
    });
  },
};

/** False if there is no folder for the store, which the check of the store has reported. */
function hasPath(store: Store): boolean {
  try {
    return store.path !== '';
  } catch {
    return false;
  }
}
