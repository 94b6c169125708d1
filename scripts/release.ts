/**
 * `npm run release -- patch|minor|major|1.2.3`: makes a release on this machine. It runs the checks, packs the new version in
 * a copy of the working tree, tests the package on each supported Node, then commits and tags. It pushes and publishes
 * nothing: you push the tag, and the workflow publishes.
 *
 * `--dry-run` rehearses the release: it does everything but the commit and the tag, and does not change the working tree. It is
 * the default without a version and in CI. `--no-check` skips `npm run check`.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { formatAssets, makeAssets } from './assets.js';
import { apiReport, howToWrite, reportFile } from './api.js';
import { root } from './build.js';
import { tryDebianPackage } from './assets/try-debian.js';
import { ChangedPackageError } from './locked.js';
import { findMissingOwner } from './release/owner.js';
import { otherRuntimes, ownRuntime, pack, testPacked, type Runtime } from './release/packed.js';
import { copyTree, findProblems, recordRelease, writeChanges, type Changes } from './release/repository.js';
import { nextVersion, releasedChangelog, withVersion } from './release/version.js';

const { values, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false }, check: { type: 'boolean', default: true } },
  allowNegative: true,
  allowPositionals: true,
});
const [wanted] = positionals;
// In `npm run release --dry-run`, without `--`, npm takes the option and passes it on in the environment.
const isRehearsal = values['dry-run'] || wanted === undefined || Boolean(process.env['CI']) || process.env['npm_config_dry_run'] === 'true';

// The npm commands below must not inherit it.
delete process.env['npm_config_dry_run'];
// oidc-provider warns about development use, which is the purpose here.
// eslint-disable-next-line no-console -- not ours
console.warn = console.info = () => undefined;

const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Record<string, unknown> & { version: string };
const began = performance.now();

function log(line: string): void {
  process.stdout.write(`${String(Math.round((performance.now() - began) / 1000)).padStart(4)} s  ${line}\n`);
}

/** Lists the changes of the release and the problems that prevent it. */
function plan(version: string): { changes: Changes; problems: string[] } {
  const changelog = releasedChangelog(read('CHANGELOG.md'), { version, date: new Date().toISOString().slice(0, 10) });
  return {
    changes: {
      'package.json': withVersion(read('package.json'), version),
      'package-lock.json': withVersion(read('package-lock.json'), version),
      ...(changelog !== undefined && { 'CHANGELOG.md': changelog }),
    },
    problems: [
      ...findProblems(root, version),
      ...(changelog === undefined ? ['CHANGELOG.md has no entry under "## Unreleased".'] : []),
      ...findMissingOwner(manifest),
    ],
  };
}

function check(): void {
  if (!values.check) {
    log('npm run check: SKIPPED because of --no-check');
    return;
  }
  execFileSync('npm', ['run', 'check'], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  log('npm run check: passed');
}

/** Builds the version in a copy of the working tree, so that a failure does not change the original. Returns the copy. */
function buildCopy(work: string, changes: Changes): string {
  const copy = path.join(work, 'tree');
  copyTree(root, copy);
  writeChanges(copy, changes);
  // Not with `npm run`: set-up.mjs would install packages through the link, into the original tree.
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'), 'junction');
  execFileSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], { cwd: copy, stdio: ['ignore', 2, 2] });
  log('built in a copy of the working tree');
  if (apiReport(copy) !== read(reportFile)) throw new Error(`${reportFile} is out of date. ${howToWrite}`);
  log(`${reportFile} matches the public API`);
  const { components } = JSON.parse(readFileSync(path.join(copy, 'dist/sbom.cdx.json'), 'utf8')) as { components: unknown[] };
  log(`dist/sbom.cdx.json lists ${components.length} bundled packages`);
  return copy;
}

/**
 * Installs the other Node versions. If npm cannot install them, a rehearsal skips them and a release fails. If a package does
 * not match its integrity hash, both fail.
 */
function installOtherRuntimes(folder: string): Runtime[] {
  try {
    return otherRuntimes(folder);
  } catch (error) {
    if (!isRehearsal || error instanceof ChangedPackageError) throw error;
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    log(`other Node versions: SKIPPED, npm could not install them (${reason})`);
    return [];
  }
}

async function rehearse(version: string, changes: Changes): Promise<void> {
  const work = mkdtempSync(path.join(tmpdir(), 'mcp-auth-release-'));
  try {
    const packed = path.join(work, 'packed');
    mkdirSync(packed);
    const tarball = pack(buildCopy(work, changes), packed);
    log(`packed: ${path.basename(tarball)}`);
    for (const [index, runtime] of [ownRuntime, ...installOtherRuntimes(path.join(work, 'runtimes'))].entries()) {
      const checks = await testPacked(runtime, { tarball, version, folder: path.join(work, `installed-${index}`) });
      log(`Node ${runtime.version}: installed in an empty folder, ${checks} checks passed`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Makes the files of the release page from `bundle/`, of the version before the release: the workflow makes those of the new
 * version. What has not been built, or not for this version, is built first.
 */
async function rehearseAssets(): Promise<void> {
  const isBuilt = ['dist/bin.cjs', 'bundle/mcp-auth.mjs'].every(
    (file) => existsSync(path.join(root, file)) && versionOf(file) === manifest.version,
  );
  const build = (script: string) => execFileSync(process.execPath, ['scripts/run.mjs', script], { cwd: root, stdio: ['ignore', 2, 2] });
  if (!isBuilt) for (const script of ['build', 'bundle']) build(script);
  if (process.platform !== 'linux') {
    log('files of the release page: SKIPPED, they are made on Linux');
    return;
  }
  const files = await makeAssets(path.join(root, 'release'), { isComplete: false });
  log(`files of the release page of ${manifest.version}:`);
  process.stdout.write(`${formatAssets(files).join('\n')}\n`);
  log(await tryDebianPackage(path.join(root, 'release'), manifest.version));
}

const versionOf = (file: string) => execFileSync(process.execPath, [path.join(root, file), '--version'], { encoding: 'utf8' }).trim();

async function release(): Promise<void> {
  const version = nextVersion(manifest.version, wanted ?? 'patch');
  log(`mcp-auth ${version}, after ${manifest.version}${isRehearsal ? ' (rehearsal: nothing is committed or tagged)' : ''}`);
  const { changes, problems } = plan(version);
  if (problems.length > 0 && !isRehearsal) throw new Error(problems.join('\n'));
  check();
  await rehearse(version, changes);
  if (isRehearsal) {
    await rehearseAssets();
    log(`A release would change ${Object.keys(changes).join(', ')}, commit as "release ${version}" and tag v${version}.`);
    for (const problem of problems) log(`Fix this before a release: ${problem}`);
    return;
  }
  recordRelease(root, { version, changes });
  log(`committed and tagged v${version} on this machine. Push it, and the workflow publishes it:`);
  process.stdout.write('\n  git push --follow-tags\n\n');
}

try {
  await release();
} catch (error) {
  process.stderr.write(
    `✗ ${error instanceof Error ? error.message : String(error)}\nNothing was released. The working tree is unchanged.\n`,
  );
  process.exitCode = 1;
}
