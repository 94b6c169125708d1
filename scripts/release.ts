/**
 * `npm run release -- patch|minor|major|1.2.3`: all that a release takes on this machine. It checks, packs the new version
 * in a copy of the tree, uses that package on each Node that it is for, and then commits and tags. It pushes nothing and
 * publishes nothing: the workflow does, once the tag is pushed.
 *
 * `--dry-run` does all but the commit and the tag, and leaves the tree as it was. It is meant where no version is named,
 * and in CI. `--no-check` leaves out `npm run check`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { apiReport, howToWrite, reportFile } from './api.js';
import { root } from './build.js';
import { ChangedPackageError } from './locked.js';
import { findMissingOwner } from './release/owner.js';
import { otherRuntimes, ownRuntime, pack, tryPacked, type Runtime } from './release/packed.js';
import { copyTree, obstacles, recordRelease, writeChanges, type Changes } from './release/repository.js';
import { nextVersion, releasedChangelog, withVersion } from './release/version.js';

const { values, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false }, check: { type: 'boolean', default: true } },
  allowNegative: true,
  allowPositionals: true,
});
const [wanted] = positionals;
// `npm run release --dry-run` without the dashes in between gives the option to npm, which means the same.
const isRehearsal = values['dry-run'] || wanted === undefined || Boolean(process.env['CI']) || process.env['npm_config_dry_run'] === 'true';

// What is run here by npm is meant.
delete process.env['npm_config_dry_run'];
// oidc-provider warns of being used for development, which is what a smoke test does.
// eslint-disable-next-line no-console -- not ours
console.warn = console.info = () => undefined;

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<string, unknown> & { version: string };
const began = performance.now();

function tell(line: string): void {
  process.stdout.write(`${String(Math.round((performance.now() - began) / 1000)).padStart(4)} s  ${line}\n`);
}

/** What the release changes, and what keeps it from being made. */
function plan(version: string): { changes: Changes; against: string[] } {
  const changelog = releasedChangelog(read('CHANGELOG.md'), { version, date: new Date().toISOString().slice(0, 10) });
  return {
    changes: {
      'package.json': withVersion(read('package.json'), version),
      'package-lock.json': withVersion(read('package-lock.json'), version),
      ...(changelog !== undefined && { 'CHANGELOG.md': changelog }),
    },
    against: [
      ...obstacles(root, version),
      ...(changelog === undefined ? ['CHANGELOG.md has nothing under "## Unreleased".'] : []),
      ...findMissingOwner(manifest),
    ],
  };
}

function check(): void {
  if (!values.check) {
    tell('npm run check: SKIPPED, by --no-check');
    return;
  }
  execFileSync('npm', ['run', 'check'], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  tell('npm run check: passed');
}

/** Builds the version in a copy of the tree, so that this one stays as it is whatever happens. Returns the copy. */
function built(work: string, changes: Changes): string {
  const copy = path.join(work, 'tree');
  copyTree(root, copy);
  writeChanges(copy, changes);
  // Not by npm: set-up.mjs would install into the folder that the link leads to.
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'), 'junction');
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], { cwd: copy, stdio: ['ignore', 2, 2] });
  tell('built in a copy of the tree');
  if (apiReport(copy) !== read(reportFile)) throw new Error(`${reportFile} is out of date. ${howToWrite}`);
  tell(`${reportFile} is the public API`);
  const { components } = JSON.parse(readFileSync(path.join(copy, 'dist/sbom.cdx.json'), 'utf8')) as { components: unknown[] };
  tell(`dist/sbom.cdx.json names ${components.length} packages that are built in`);
  return copy;
}

/**
 * The other Nodes. A rehearsal says that they could not be had, and goes on; a release is not made without them, and
 * neither goes on with one that is not what the lockfile names.
 */
function others(folder: string): Runtime[] {
  try {
    return otherRuntimes(folder);
  } catch (error) {
    if (!isRehearsal || error instanceof ChangedPackageError) throw error;
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n');
    tell(`The other Nodes: SKIPPED, npm did not bring them (${why})`);
    return [];
  }
}

async function rehearse(version: string, changes: Changes): Promise<void> {
  const work = mkdtempSync(path.join(tmpdir(), 'mcp-auth-release-'));
  try {
    const packed = path.join(work, 'packed');
    mkdirSync(packed);
    const tarball = pack(built(work, changes), packed);
    tell(`packed: ${path.basename(tarball)}`);
    for (const [index, runtime] of [ownRuntime, ...others(path.join(work, 'runtimes'))].entries()) {
      const tried = await tryPacked(runtime, { tarball, version, folder: path.join(work, `installed-${index}`) });
      tell(`Node ${runtime.version}: installed by itself, ${tried} things tried with it`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function release(): Promise<void> {
  const version = nextVersion(manifest.version, wanted ?? 'patch');
  tell(`mcp-auth ${version}, after ${manifest.version}${isRehearsal ? ' (a rehearsal: nothing is written, committed or tagged)' : ''}`);
  const { changes, against } = plan(version);
  if (against.length > 0 && !isRehearsal) throw new Error(against.join('\n'));
  check();
  await rehearse(version, changes);
  if (isRehearsal) {
    tell(`A release would write ${Object.keys(changes).join(', ')}, commit them as "release ${version}", and tag that v${version}.`);
    for (const obstacle of against) tell(`Before that, this has to be mended: ${obstacle}`);
    return;
  }
  recordRelease(root, { version, changes });
  tell(`committed, and tagged v${version}, on this machine. What is left is yours to type; the workflow publishes:`);
  process.stdout.write('\n  git push --follow-tags\n\n');
}

try {
  await release();
} catch (error) {
  process.stderr.write(`✗ ${error instanceof Error ? error.message : String(error)}\nNothing was released, and the tree is as it was.\n`);
  process.exitCode = 1;
}
