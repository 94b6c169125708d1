/** The process that holds a lock, and whether it has ended. */
import { readFile, readlink } from 'node:fs/promises';
import os from 'node:os';
import { isObject } from '../text/json.js';

/** The content of a lock's `owner.json`. */
export interface LockOwner {
  /** A new ID each time that a lock is created. */
  readonly id: string;
  /** The system in which `pid` is valid: host name, boot ID and PID namespace, of which each container has its own. */
  readonly place: string;
  readonly pid: number;
  /** When the process started, in a form that only the same system can compare; '' if unknown. */
  readonly began: string;
}

/** This process as the owner of a lock. */
export async function createLockOwner(id: string): Promise<LockOwner> {
  return { id, place: await getThisSystem(), pid: process.pid, began: await readStartTime(process.pid) };
}

/** Parses `owner.json`. Undefined for anything else, as a file that is being written. */
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

/** Whether the owner's process is known to have ended. False for a process of another system, which cannot be checked. */
export async function hasEnded({ place, pid, began }: LockOwner): Promise<boolean> {
  if (place !== (await getThisSystem())) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const stat = await readStat(pid);
  // A process that its parent has not waited for: in a container, the first process may never do so.
  if (stat[0] === 'Z') return true;
  // If it started at another time, the PID was reused by another process.
  const now = stat[startTimeAt] ?? '';
  return began !== '' && now !== '' && began !== now;
}

/** The system of this process: see `LockOwner.place`. */
export async function getThisSystem(): Promise<string> {
  const [boot, namespace] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ]);
  return [os.hostname(), boot.trim(), namespace].join(' ');
}

async function readStartTime(pid: number): Promise<string> {
  return (await readStat(pid))[startTimeAt] ?? '';
}

/** The start time is field 22 of proc(5) `stat`, of which the first here is field 3, the state. */
const startTimeAt = 22 - 3;

/** Field 2, a name in parentheses, may contain spaces. Empty if there is no such process, or no such file on this system. */
async function readStat(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ');
}
