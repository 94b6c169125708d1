import { randomUUID } from 'node:crypto';
import type { Clock } from '../effects.js';
import { createChanges } from './changes.js';
import type { RelaySession } from './session.js';
import type { RelayStore, StoredSession } from './store.js';

/** Keeps the sessions in this process. They are lost when it ends; terminals that wait open theirs again. */
export function createMemoryStore({ clock }: { clock: Clock }): RelayStore {
  const sessions = new Map<string, StoredSession>();
  const changes = createChanges();

  const find = (id: string) => {
    const found = sessions.get(id);
    return found !== undefined && found.session.expiresAt > clock.now() ? found : undefined;
  };
  const write = (id: string, session: RelaySession) => {
    const stored = { session, version: randomUUID() };
    sessions.set(id, stored);
    changes.report(id);
    return stored;
  };

  return {
    open: (id, session) => {
      if (find(id) !== undefined) return Promise.resolve(false);
      write(id, session);
      return Promise.resolve(true);
    },
    read: (id) => Promise.resolve(find(id)),
    update: (id, change) => {
      const found = find(id);
      const changed = found && change(found.session);
      if (changed === undefined) return Promise.resolve(found && { ...found, isChanged: false });
      return Promise.resolve({ ...write(id, changed), isChanged: true });
    },
    remove: (id) => {
      sessions.delete(id);
      changes.report(id);
      return Promise.resolve();
    },
    waitForChange: (id, version, signal) => (find(id)?.version === version ? changes.next(id, signal) : Promise.resolve()),
    sweep: () => {
      const expired = [...sessions].filter(([, { session }]) => session.expiresAt <= clock.now());
      for (const [id] of expired) {
        sessions.delete(id);
        changes.report(id);
      }
      return Promise.resolve({ expired: expired.length, left: sessions.size });
    },
    close: () => {
      sessions.clear();
      return Promise.resolve();
    },
  };
}
