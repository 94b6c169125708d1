/** Sealed stores, and what must not be found next to them. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { getFallbackFolder } from '../../src/store/newest-file.js';
import { createIdentity } from '../../src/store/seal/data-key.js';
import { temporaryStore } from './folder.js';
import { run } from './run.js';

export interface SealedStore {
  readonly store: string;
  /** The file with the identity that opens it. */
  readonly identity: string;
  readonly recipient: string;
  /** The environment of commands that use it. */
  readonly env: Record<string, string>;
}

/** Seals a new store by the command, as a user does. */
export async function sealedStore(document: object = { mcpServers: {} }): Promise<SealedStore> {
  const store = temporaryStore(document);
  const { text, recipient } = await createIdentity(0);
  const identity = `${store}.identity`;
  writeFileSync(identity, text, { mode: 0o600 });
  const env = { MCP_AUTH_IDENTITY_FILE: identity };
  const sealing = run('seal', { store, env });
  if ((await sealing.exit) !== 0) throw new Error(sealing.stderr);
  return { store, identity, recipient, env };
}

/** The files of a store's folder, and of the user's folder in the temporary folder, that contain one of these texts. */
export function findInFiles(store: string, texts: readonly string[]): string[] {
  const folders = [path.dirname(store), getFallbackFolder()].filter((folder) => existsSync(folder));
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  );
  return files.filter((file) => statSync(file).isFile()).filter((file) => texts.some((text) => readFileSync(file, 'utf8').includes(text)));
}
