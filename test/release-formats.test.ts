/** The list of what a release page has: each format makes its files, and the same input makes the same octets. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeAssets } from '../scripts/assets.js';
import { formats } from '../scripts/assets/index.js';
import { targets } from '../scripts/targets.js';
import build from './helpers/build.js';
import { temporaryFolder } from './helpers/folder.js';

const root = path.resolve(import.meta.dirname, '..');
const isLinux = process.platform === 'linux';

beforeAll(build);

/** A folder as `npm run bundle` leaves it, with small programs in the place of the executables. */
function fillBundle(files: readonly string[]): string {
  const bundle = path.join(temporaryFolder(), 'bundle');
  mkdirSync(bundle);
  for (const file of files) {
    copyFileSync('/bin/sh', path.join(bundle, file));
    writeFileSync(path.join(bundle, `${file}.cdx.json`), `the SBOM of ${file}`);
  }
  writeFileSync(path.join(bundle, 'mcp-auth.mjs'), '#!/usr/bin/env node\n');
  for (const file of ['THIRD-PARTY-LICENSES.txt', 'LICENSE-of-Node.txt']) writeFileSync(path.join(bundle, file), `${file} of a test`);
  return bundle;
}

async function makePage(bundle: string, isComplete = false): Promise<string> {
  const folder = path.join(temporaryFolder(), 'release');
  await makeAssets(folder, { sources: { root, dist: path.join(root, 'dist'), bundle }, isComplete });
  return folder;
}

const built = targets.filter(({ os }) => os !== 'darwin').map(({ file }) => file);
const read = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name)).toString('base64')]));

test.skipIf(!isLinux)('each format makes files, and all of them are there (only on Linux)', async () => {
  const folder = await makePage(fillBundle(built));
  const names = readdirSync(folder);
  for (const { file } of targets.filter(({ os }) => os !== 'darwin')) {
    const [, machine = ''] = /^mcp-auth-(.*?)(?:\.exe)?$/.exec(file) ?? [];
    expect(names.filter((name) => name.startsWith('mcp-auth-') && name.includes(machine) && /\.(tar\.gz|zip)$/.test(name))).toHaveLength(1);
  }
  expect(names).toEqual(expect.arrayContaining(['install.sh', 'mcp-auth.rb', 'mcp-auth.nix', 'Dockerfile', 'SHA256SUMS', 'notes.md']));
  expect(names.filter((name) => name.endsWith('.deb'))).toHaveLength(2);
  // An archive with Node in it has the licence of Node.
  for (const archive of names.filter((name) => name.endsWith('.tar.gz'))) {
    const listed = execFileSync('tar', ['-tzf', path.join(folder, archive)], { encoding: 'utf8' });
    expect(listed.includes('LICENSE-of-Node.txt')).toBe(!archive.endsWith('-node.tar.gz'));
    expect(listed).toContain('THIRD-PARTY-LICENSES.txt');
  }
  expect(formats.length).toBeGreaterThan(5);
  for (const name of names) {
    expect(statSync(path.join(folder, name)).size).toBeGreaterThan(0);
    // No value of a template was left open.
    if (/\.(sh|rb|nix)$|^Dockerfile$/.test(name)) expect(readFileSync(path.join(folder, name), 'utf8')).not.toMatch(/@[a-z\d]+@/);
  }
  // What the formula, the package of Nix and the image name is on the page, with this checksum.
  const sums = readFileSync(path.join(folder, 'SHA256SUMS'), 'utf8');
  const [, archive = '', sha256 = ''] =
    /\/([^/"]+\.tar\.gz)"\n.*?sha256 "([^"]+)"/s.exec(readFileSync(path.join(folder, 'mcp-auth.rb'), 'utf8')) ?? [];
  expect(sums).toContain(`${sha256}  ${archive}\n`);
  const [, sri = ''] = /hash = "sha256-([^"]+)"/.exec(readFileSync(path.join(folder, 'mcp-auth.nix'), 'utf8')) ?? [];
  expect(Buffer.from(sri, 'base64').toString('hex')).toBe(sha256);
  const image = readFileSync(path.join(folder, 'Dockerfile'), 'utf8');
  for (const architecture of ['amd64', 'arm64']) {
    const [, file = ''] = /dpkg --install "([^"]+)"/.exec(image) ?? [];
    expect(names).toContain(file.replace('${TARGETARCH}', architecture));
  }
});

test.skipIf(!isLinux)('the same input makes the same octets, at another time and in another place (only on Linux)', async () => {
  const bundle = fillBundle(built);
  const first = read(await makePage(bundle));
  for (const name of readdirSync(bundle)) utimesSync(path.join(bundle, name), 1, 1);
  const again = read(await makePage(bundle));
  expect(Object.keys(first).filter((name) => first[name] !== again[name])).toEqual([]);
  expect(Object.keys(again)).toEqual(Object.keys(first));
});

test.skipIf(!isLinux)('a page without one of the executables is refused, unless it is a rehearsal (only on Linux)', async () => {
  const bundle = fillBundle(built.slice(1));
  await expect(makePage(bundle, true)).rejects.toThrow(`bundle/ has no ${built[0] ?? ''}. Run: npm run bundle`);
  expect(readdirSync(await makePage(bundle)).filter((name) => name.endsWith('.deb'))).toHaveLength(1);
});
