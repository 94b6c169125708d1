/** What scripts install beside package-lock.json: it comes by its content or not at all, whatever a registry sends. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  ChangedPackageError,
  installLocked,
  lockedFolder,
  lockedNames,
  lockedSets,
  lockedVersion,
  type LockedSet,
} from '../scripts/locked.js';
import { temporaryFolder } from './helpers/folder.js';

const sets = Object.keys(lockedSets) as LockedSet[];

interface Lockfile {
  readonly packages: Record<string, { version: string; name?: string; resolved?: string; integrity?: string }>;
}
const lockfileOf = (set: LockedSet) => JSON.parse(readFileSync(path.join(lockedFolder(set), 'package-lock.json'), 'utf8')) as Lockfile;

test('the sets are the folders', () => {
  expect(readdirSync(path.dirname(lockedFolder('executable'))).sort()).toEqual([...sets].sort());
});

describe.each(sets)('%s', (set) => {
  const entries = Object.entries(lockfileOf(set).packages).filter(([place]) => place !== '');

  test('each package, with all that it depends on, is locked by its content, from no host by name', () => {
    for (const name of lockedNames(set)) expect(lockedVersion(set, name)).toMatch(/^\d+\.\d+\.\d+/);
    expect(entries.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
    expect(entries.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  test('a registry that sends another content at the same version gets nothing in', async () => {
    const versions = Object.fromEntries(
      entries.map(([place, { name, version }]) => [name ?? place.split('node_modules/').at(-1), version]),
    );
    const env = await evilRegistry(versions);
    const folder = path.join(temporaryFolder(), 'installed');
    expect(() => installLocked(set, folder, { env })).toThrow(ChangedPackageError);
    expect(existsSync(path.join(folder, 'node_modules', lockedNames(set)[0] ?? '', 'package.json'))).toBe(false);
  });
});

test('the same registry gets in where a lockfile names its content, so that what holds it off is the lockfile', async () => {
  const env = await evilRegistry({ thing: '1.0.0' });
  const from = temporaryFolder();
  const dependencies = { thing: '1.0.0' };
  const integrity = env['EVIL_INTEGRITY'];
  writeFileSync(path.join(from, 'package.json'), JSON.stringify({ private: true, dependencies }));
  const lock = (more: object) =>
    writeFileSync(
      path.join(from, 'package-lock.json'),
      JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies }, 'node_modules/thing': { version: '1.0.0', ...more } } }),
    );
  lock({ integrity });
  const folder = temporaryFolder();
  installLocked('executable', folder, { from, env });
  expect(readFileSync(path.join(folder, 'node_modules/thing/package.json'), 'utf8')).toContain('evil');
  // One character of the hash.
  lock({ integrity: integrity?.replace(/-(.)/, (_, first: string) => `-${first === 'A' ? 'B' : 'A'}`) });
  expect(() => installLocked('executable', temporaryFolder(), { from, env })).toThrow(ChangedPackageError);
});

test('a Node for another machine is installed too, and by its content only', async () => {
  const env = await evilRegistry({ thing: '1.0.0' });
  const from = temporaryFolder();
  const dependencies = { thing: '1.0.0' };
  const elsewhere = { version: '1.0.0', os: process.platform === 'win32' ? 'linux' : 'win32', cpu: 's390x' };
  const lock = (integrity: string | undefined) =>
    writeFileSync(
      path.join(from, 'package-lock.json'),
      JSON.stringify({ lockfileVersion: 3, packages: { '': { dependencies }, 'node_modules/thing': { ...elsewhere, integrity } } }),
    );
  writeFileSync(path.join(from, 'package.json'), JSON.stringify({ private: true, dependencies }));
  lock(env['EVIL_INTEGRITY']);
  const folder = temporaryFolder();
  installLocked('executable', folder, { from, env });
  expect(existsSync(path.join(folder, 'node_modules/thing/package.json'))).toBe(true);
  lock(`sha512-${createHash('sha512').update('the right content').digest('base64')}`);
  const other = temporaryFolder();
  expect(() => installLocked('executable', other, { from, env })).toThrow(ChangedPackageError);
  expect(existsSync(path.join(other, 'node_modules/thing/package.json'))).toBe(false);
});

/**
 * Starts a registry with each of these packages at its version, all with the same evil content, and true to that in all
 * that it says. It has a process of its own, since this one waits for npm. Returns the environment in which npm uses it.
 */
async function evilRegistry(versions: Record<string, string>): Promise<NodeJS.ProcessEnv> {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'package'));
  writeFileSync(path.join(folder, 'package/package.json'), '{ "name": "evil", "version": "1.0.0" }');
  const tarball = path.join(folder, 'evil.tgz');
  execFileSync('tar', ['-czf', tarball, '-C', folder, 'package']);
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  const program = `
    const versions = ${JSON.stringify(versions)};
    const tarball = require('fs').readFileSync(${JSON.stringify(tarball)});
    const server = require('http').createServer((request, response) => {
      const name = decodeURIComponent(request.url.slice(1));
      const version = versions[name];
      if (name === 'evil.tgz') return response.end(tarball);
      if (version === undefined) return response.writeHead(404).end('{}');
      const dist = { tarball: \`http://127.0.0.1:\${server.address().port}/evil.tgz\`, integrity: ${JSON.stringify(integrity)} };
      const document = { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version, dist } } };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  `;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const [port] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  const inherited = Object.entries(process.env).filter(([name]) => !/proxy$/i.test(name));
  return {
    ...Object.fromEntries(inherited),
    // Nothing from an earlier time, and no configuration of this machine.
    npm_config_cache: path.join(folder, 'cache'),
    npm_config_userconfig: path.join(folder, 'npmrc'),
    npm_config_registry: `http://127.0.0.1:${port.trim()}/`,
    EVIL_INTEGRITY: integrity,
  };
}
