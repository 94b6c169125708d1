import { open } from 'node:fs/promises';

/** Flushes a folder, so that files created or renamed in it survive a power failure. Windows cannot, and does it by itself: no error. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
