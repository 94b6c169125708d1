/**
 * What scripts take from npm beside the packages of package-lock.json, which are for every contributor and would be a
 * hundred megabytes larger with these. Each folder of `locked/` has a package.json, which says how far `npm run pins` may
 * go, and a lockfile, which says by its content what is installed, all that it depends on included.
 */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { npm } from './npm.js';

/** The folders of `locked/`, with what each is for. */
export const lockedSets = {
  conformance: '`npm run conformance`: both editions of the official suite, and the Node that they want',
  executable: '`npm run bundle`: the Node that is shipped in the executable, and what puts our program into it',
  'mcp-remote': '`npm run bench`: what the bridge is measured beside',
  runtimes: '`npm run release`: each Node that the package is tried on',
} as const;
export type LockedSet = keyof typeof lockedSets;

/** The folder with the package.json and the lockfile of a set. */
export const lockedFolder = (set: LockedSet) => path.join(import.meta.dirname, 'locked', set);

/** The names under which a set has what was asked for; each is a folder in node_modules. */
export function lockedNames(set: LockedSet): string[] {
  const { dependencies } = JSON.parse(readFileSync(path.join(lockedFolder(set), 'package.json'), 'utf8')) as { dependencies: object };
  return Object.keys(dependencies);
}

/** The entry of a lockfile for what is installed under that name. */
export function lockedPackage(set: LockedSet, name: string): { version: string; integrity: string } {
  const lockfile = readFileSync(path.join(lockedFolder(set), 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lockfile) as { packages: Record<string, { version: string; integrity: string } | undefined> };
  const found = packages[`node_modules/${name}`];
  if (!found) throw new Error(`scripts/locked/${set}/package-lock.json has no ${name}.`);
  return found;
}

/** The version at which a lockfile has what is installed under that name. */
export function lockedVersion(set: LockedSet, name: string): string {
  return lockedPackage(set, name).version;
}

/** A package came with another content than the lockfile names. */
export class ChangedPackageError extends Error {
  override readonly name = 'ChangedPackageError';
}

/** Milliseconds for what npm does once. One that hangs is ended: what it was asked for is said to be missing. */
const patience = 300_000;

interface Options {
  /** Where the package.json and the lockfile are, if not in `locked/`. */
  readonly from?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Installs a set into `folder`, which need not be there. No script of a package runs.
 *
 * @throws {ChangedPackageError} when a package is not what the lockfile names.
 */
export function installLocked(set: LockedSet, folder: string, options: Options = {}): void {
  const { from = lockedFolder(set), env = process.env } = options;
  mkdirSync(folder, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(path.join(from, file), path.join(folder, file));
  const words = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    npm(words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', timeout: patience, killSignal: 'SIGKILL' });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    if (!stderr.includes('EINTEGRITY')) throw error;
    const [what = ''] = /Integrity checksum failed.*/.exec(stderr) ?? [];
    throw new ChangedPackageError(`A package is not what scripts/locked/${set}/package-lock.json names. ${what}`, { cause: error });
  }
}
