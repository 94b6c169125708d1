/** Files that another process has open. Windows does not rename or replace those; a virus scanner or an editor opens any file for a moment. */
import { setTimeout as sleepReally } from 'node:timers/promises';
import { getSystemCode } from '../errors.js';

/** Codes of Windows for a file that is in use, or for one that this user may not change: they cannot be told apart. */
const inUseCodes = ['EPERM', 'EACCES', 'EBUSY'];

/** Milliseconds between the attempts: a second and a half in all. */
const pauses = [10, 20, 40, 80, 150, 200, 200, 200, 300, 300];

interface InUseOptions {
  readonly platform?: NodeJS.Platform;
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/** Whether the file may only be in use. False on other systems, where these codes have other reasons. */
export function mayBeInUse(error: unknown, platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'win32' && inUseCodes.includes(getSystemCode(error));
}

/** Runs `work` again as long as a file seems to be in use, at most ten times. Throws its last error. */
export async function retryWhileInUse<T>(
  work: () => T | Promise<T>,
  { platform = process.platform, sleep = sleepReally }: InUseOptions = {},
): Promise<T> {
  for (const pause of pauses) {
    try {
      return await work();
    } catch (error) {
      if (!mayBeInUse(error, platform)) throw error;
      await sleep(pause);
    }
  }
  return work();
}
