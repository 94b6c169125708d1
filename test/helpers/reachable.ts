/** A copy of the built command that other users can run: the checkout may be in a folder that only its owner can enter. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { command } from './build.js';

export interface Reachable {
  /** Node, and the built command. */
  readonly node: string;
  readonly command: string;
  remove(): void;
}

/** Copies the built command, and Node if other users cannot run that either. */
export function makeReachable(): Reachable {
  const folder = mkdtempSync(path.join(reachableFolder(), 'mcp-auth-reachable-'));
  const dist = path.join(folder, 'dist');
  cpSync(path.dirname(command), dist, { recursive: true });
  const own = realpathSync(process.execPath);
  const node = isReachable(own) ? own : path.join(folder, 'bin/node');
  if (node !== own) {
    mkdirSync(path.dirname(node));
    cpSync(own, node);
  }
  openToAll(folder);
  return {
    node,
    command: path.join(dist, path.basename(command)),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** The first temporary folder that all users can enter. */
export function reachableFolder(): string {
  const found = [tmpdir(), '/tmp', '/var/tmp'].find((folder) => isReachable(realpathSync(folder)));
  if (found === undefined) throw new Error('no temporary folder can be entered by all users');
  return found;
}

/** Whether other users can enter every folder of the path and read the file. */
function isReachable(file: string): boolean {
  for (let at = file; ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

/** Makes it readable by all users whatever the umask is; executables and folders stay executable. */
function openToAll(file: string): void {
  const isFolder = statSync(file).isDirectory();
  chmodSync(file, isFolder || (statSync(file).mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (isFolder) for (const name of readdirSync(file)) openToAll(path.join(file, name));
}
