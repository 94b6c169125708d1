/** The places that a store can be in, so that the same tests run on each: a file, and a real server of every engine. */
import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock } from '../../src/machine/clock.js';
import { allowPlaintext } from '../../src/store/database/plaintext.js';
import type { RowKind } from '../../src/store/engines/engine.js';
import { parseStoreUrl } from '../../src/store/engines/store-url.js';
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
  describeDatabases(tests);
}

/** Runs tests on every engine that a store can be in. */
export function describeDatabases(tests: (place: () => StorePlace & { readonly server: EngineServer }) => void): void {
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

/** Takes the lease of a name from its holder, as after a pause that was too long. Resolves to what ends it. */
export async function takeOver(place: string, name: string): Promise<() => Promise<void>> {
  const { kind, url, store } = parseStoreUrl(place);
  const engine = kind.open({ url, store, clock: systemClock, variables: {} });
  const held = (await engine.listLeases()).find((one) => one.name === name);
  const lease = await engine.takeLease({ name, owner: 'another machine', duration: 60_000, after: held?.fence });
  if (held === undefined || 'owner' in lease) throw new Error(`${name} is not held, or could not be taken.`);
  return async () => {
    await engine.releaseLease(lease);
    await engine.close();
  };
}

/** Everything that a database has of a store, as its operator reads it. */
export async function readRows(place: string): Promise<string> {
  const { kind, url, store } = parseStoreUrl(place);
  const engine = kind.open({ url, store, clock: systemClock, variables: {} });
  try {
    return JSON.stringify(await engine.read(rowKinds.map((one) => ({ kind: one }))));
  } finally {
    await engine.close();
  }
}

const rowKinds = Object.keys({ server: true, client: true, member: true, attempt: true } satisfies Record<RowKind, true>) as RowKind[];
