/** A real server of an engine with one fresh login in a store. */
import { systemClock } from '../../src/machine/clock.js';
import { allowPlaintext } from '../../src/store/database/plaintext.js';
import type { ServerEntry } from '../../src/store/document.js';
import { openStore } from '../../src/store/open.js';
import { engineStarters } from '../../test/helpers/engines.js';
import { installed } from '../../test/helpers/installed.js';

export interface LoginInDatabase {
  /** The name of the engine. */
  readonly name: string;
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts each engine whose server is installed. Prints which are not. */
export async function startDatabases({ folder, entry }: { folder: string; entry: ServerEntry }): Promise<LoginInDatabase[]> {
  const started: LoginInDatabase[] = [];
  for (const [name, { program, start }] of Object.entries(engineStarters)) {
    const file = installed(program);
    if (file === undefined) {
      process.stdout.write(`  (${name} is not measured: ${program} is not installed)\n`);
      continue;
    }
    const server = await start(file);
    const signal = new AbortController().signal;
    const store = openStore(() => server.url, { signal, clock: systemClock, env: { variables: { HOME: folder }, platform: 'linux' } });
    await store.update((document) => {
      allowPlaintext(document);
      document.mcpServers = { demo: entry };
    });
    await store.close();
    started.push({ name, url: server.url, stop: () => server.remove() });
  }
  return started;
}
