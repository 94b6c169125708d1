/** The file of the logins, and what is beside it. */
import { AuthError } from '../errors.js';
import { renewInRefresher } from '../session/renew-in-refresher.js';
import { listServers } from '../store/document.js';
import type { Store } from '../store/store.js';
import { fine, warning, type MachineCheck, type CheckResult } from './check.js';

export const file: MachineCheck = {
  name: 'Store',
  run: async (_, { store }) => {
    const count = listServers(await store.read()).length;
    const { mode } = await store.readState();
    if (mode === undefined) return fine(`${store.path} is not there yet: the first login makes it`);
    const what = `${store.path} has ${count} server${count === 1 ? '' : 's'}`;
    const [finding] = store.getWarnings();
    if (finding !== undefined) return warning(what, finding);
    return fine(process.platform === 'win32' ? what : `${what}, mode ${(mode & 0o777).toString(8).padStart(4, '0')}`);
  },
};

/** A store that cannot be written is good for reading tokens, as a secret that is mounted read-only. */
export const writable: MachineCheck = {
  name: 'Store: writing',
  run: async (_, { store }) => {
    if (!hasPlace(store)) return undefined;
    try {
      await store.checkWritable();
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return warning(`${error.message} Tokens can be read, but not renewed.`, error.hint);
    }
    return fine('possible');
  },
};

/** Where no process can be started, as in some sandboxes, a command that is killed can take the login with it. */
export const renewals: MachineCheck = {
  name: 'Renewals',
  run: async (_, context) => {
    const { refresher, store } = context;
    if (refresher === undefined || !hasPlace(store)) return undefined;
    if (await renewInRefresher({ renewals: [], take: () => undefined }, { refresher, context })) {
      return fine('have a process of their own, which outlives the one that asks');
    }
    return warning(
      'run in the process that asks: no other one can be started here',
      'Do not kill a command that renews a token: the login may be lost with it. A limit on processes, or a sandbox, is the reason.',
    );
  },
};

export const locks: MachineCheck = {
  name: 'Store: locks',
  run: async (_, { store, clock }) => {
    if (!hasPlace(store)) return undefined;
    const { locks } = await store.readState();
    if (locks.length === 0) return fine('none is held');
    return locks.map(({ path, pid, hasEnded, touchedAt }): CheckResult => {
      const age = Math.max(0, Math.round((clock.now() - touchedAt) / 1000));
      const who = pid === undefined ? 'a process' : `process ${pid}`;
      if (hasEnded) return warning(`${who}, which has ended, left ${path}`, 'Whoever needs it next takes it over.');
      return fine(`${who} holds ${path}, and touched it ${age} s ago`);
    });
  },
};

/** False where the first look has said that there is none. */
function hasPlace(store: Store): boolean {
  try {
    return store.path !== '';
  } catch {
    return false;
  }
}
