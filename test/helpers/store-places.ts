/** The places that a store can be in, so that the same tests run on each: a file, and a real server of every engine. */
import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock } from '../../src/machine/clock.js';
import { createInterruptedError } from '../../src/errors.js';
import { allowPlaintext } from '../../src/store/database/plaintext.js';
import { openStore } from '../../src/store/open.js';
import type { Store } from '../../src/store/store.js';
import { engineStarters, type EngineServer } from './engines.js';
import { temporaryFolder, temporaryStore } from './folder.js';
import { describeWith } from './installed.js';

export interface StorePlace {
  /** A new, empty store: its path or its URL, which differ for each call. */
  readonly create: () => Promise<string>;
  /** The server; undefined for a file. */
  readonly server?: EngineServer;
}

/** The environment of a process that uses no folder but `folder`. */
export function createStoreEnv(folder: string): { readonly variables: Record<string, string>; readonly platform: NodeJS.Platform } {
  return { variables: { HOME: folder }, platform: 'linux' };
}

/** Opens a store as another process does. */
export function openPlace(place: string, { folder = temporaryFolder(), signal = new AbortController().signal } = {}): Store {
  return openStore(() => place, { signal, clock: systemClock, env: createStoreEnv(folder) });
}

let count = 0;

/** Runs tests on every place that a store can be in. */
export function describePlaces(tests: (place: () => StorePlace) => void): void {
  describe('a file', () => tests(() => ({ create: () => Promise.resolve(temporaryStore()) })));
  for (const [name, starter] of Object.entries(engineStarters)) {
    describeWith(starter.program, name, (program) => {
      let server: EngineServer;
      beforeAll(async () => {
        server = await starter.start(program);
      });
      afterAll(() => server.remove());
      tests(() => ({ server, create: () => createInDatabase(server) }));
    });
  }
}

async function createInDatabase(server: EngineServer): Promise<string> {
  const url = new URL(server.url);
  count += 1;
  url.searchParams.set('store', `test-${count}`);
  const store = openPlace(url.href);
  await store.update(allowPlaintext);
  await store.close();
  return url.href;
}

/** A signal of a user who has interrupted. */
export function interrupted(): AbortSignal {
  return AbortSignal.abort(createInterruptedError());
}
