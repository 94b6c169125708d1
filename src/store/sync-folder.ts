import { open } from 'node:fs/promises';

/** Has a folder remember the files that were made in it. Where that cannot be asked for, as on Windows, the system does it by itself. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
