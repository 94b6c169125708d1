/** Who holds a lock, and whether that process is still there. */
import { readFile, readlink } from 'node:fs/promises';
import os from 'node:os';
import { isObject } from '../text/json.js';

/** What the holder of a lock writes into it. */
export interface LockOwner {
  /** Another one for each time that a lock is taken. */
  readonly id: string;
  /** Where `pid` means something: a host, since it was started, and a process namespace on it, as a container has its own. */
  readonly place: string;
  readonly pid: number;
  /** When the process began, in a form that only its own system can compare; '' where that cannot be known. */
  readonly began: string;
}

/** This process as the owner of a lock. */
export async function createLockOwner(id: string): Promise<LockOwner> {
  return { id, place: await thisPlace(), pid: process.pid, began: await beginningOf(process.pid) };
}

/** Reads what `thisOwner` wrote. Undefined for anything else: somebody who is about to write it, or another program. */
export function parseLockOwner(text: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { id, place, pid, began } = value;
    if (typeof id !== 'string' || typeof place !== 'string' || typeof pid !== 'number' || typeof began !== 'string') return undefined;
    return { id, place, pid, began };
  } catch {
    return undefined;
  }
}

/** Whether the owner is known to have ended. Only a process of this very place can be looked for; false for all others. */
export async function hasEnded({ place, pid, began }: LockOwner): Promise<boolean> {
  if (place !== (await thisPlace())) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  // A process that began at another time has been given a number that was free again.
  const now = await beginningOf(pid);
  return began !== '' && now !== '' && began !== now;
}

async function thisPlace(): Promise<string> {
  const [boot, namespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return [os.hostname(), boot.trim(), namespace].join(' ');
}

/** The start time in proc(5) `stat`, the 22nd field; the second one, a name in parentheses, may hold spaces. */
async function beginningOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
