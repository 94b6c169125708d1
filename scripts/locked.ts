/**
 * Installs npm packages that only some scripts need. They are not in package-lock.json, because every contributor would have
 * to download a hundred megabytes more. Each folder of `locked/` has a package.json with the allowed version ranges for
 * `npm run pins`, and a lockfile that pins every package by its integrity hash, including transitive dependencies.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { npm } from './npm.js';

/** The folders of `locked/`, each with its purpose. */
export const lockedSets = {
  conformance: '`npm run conformance`: both editions of the official suite, and the Node that they need',
  executable: '`npm run bundle`: the Node of each executable, and postject, which injects the program',
  'mcp-remote': '`npm run bench`: the peer of the bridge',
  runtimes: '`npm run release`: the Node versions that the package is tested on',
  windows: '`npm run test:windows`: the Node versions for Windows that wine can run',
} as const;
export type LockedSet = keyof typeof lockedSets;

/** The folder with the package.json and the lockfile of a set. */
export const lockedFolder = (set: LockedSet) => path.join(import.meta.dirname, 'locked', set);

/** Reads the direct dependencies of a set. Each name is a folder in node_modules; it can be an npm alias. */
export function lockedNames(set: LockedSet): string[] {
  const { dependencies } = JSON.parse(readFileSync(path.join(lockedFolder(set), 'package.json'), 'utf8')) as { dependencies: object };
  return Object.keys(dependencies);
}

/**
 * Reads the lockfile entry of a direct dependency.
 *
 * @throws Error if the lockfile has no such entry.
 */
export function lockedPackage(set: LockedSet, name: string): { version: string; integrity: string } {
  const lockfile = readFileSync(path.join(lockedFolder(set), 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lockfile) as { packages: Record<string, { version: string; integrity: string } | undefined> };
  const found = packages[`node_modules/${name}`];
  if (!found) throw new Error(`scripts/locked/${set}/package-lock.json has no entry for ${name}.`);
  return found;
}

/** Reads the pinned version of a direct dependency. */
export function lockedVersion(set: LockedSet, name: string): string {
  return lockedPackage(set, name).version;
}

/** A downloaded package does not match its integrity hash in the lockfile. */
export class ChangedPackageError extends Error {
  override readonly name = 'ChangedPackageError';
}

/** Milliseconds for one run of npm. A run that hangs is killed and counts as failed. */
const npmTimeout = 300_000;

interface InstallOptions {
  /** The folder of the package.json and the lockfile, if it is not the one in `locked/`. */
  readonly from?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Installs a set into `folder`, and creates the folder if needed. Install scripts of packages do not run.
 *
 * @throws {ChangedPackageError} if a package does not match its integrity hash.
 */
export function installLocked(set: LockedSet, folder: string, options: InstallOptions = {}): void {
  const { from = lockedFolder(set), env = process.env } = options;
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(path.join(from, file), path.join(folder, file));
  // Without --force, npm refuses a Node for another machine. The hashes are checked all the same.
  const words = ['ci', '--force', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    npm(words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', timeout: npmTimeout, killSignal: 'SIGKILL' });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    if (!stderr.includes('EINTEGRITY')) throw error;
    const [details = ''] = /Integrity checksum failed.*/.exec(stderr) ?? [];
    throw new ChangedPackageError(`A package does not match its integrity hash in scripts/locked/${set}/package-lock.json. ${details}`, {
      cause: error,
    });
  }
}
