/** Node runs compiled code without comparing it with its source: it is kept only where no other user can write. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import * as nodeModule from 'node:module';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { keepCompiledCode } from '../../src/fast-path/compiled-code.js';
import build, { command } from '../helpers/build.js';
import { temporaryFolder } from '../helpers/folder.js';

const canKeep = 'enableCompileCache' in nodeModule;

beforeAll(build);

const list = (home: string) =>
  execFileSync(process.execPath, [command, 'list'], {
    env: { HOME: home, XDG_CACHE_HOME: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });

test('the built program keeps compiled code if Node can, and prints the same with it', () => {
  const home = temporaryFolder();
  const first = list(home);
  const folder = path.join(home, '.cache/mcp-auth/compiled-code');
  expect(existsSync(folder)).toBe(canKeep);
  expect(list(home)).toBe(first);
  if (!canKeep) return;
  expect(readdirSync(folder, { recursive: true }).length).toBeGreaterThan(3);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

const kept = (home: string, variables: Record<string, string> = {}) =>
  keepCompiledCode({ variables: { HOME: home, ...variables }, platform: 'linux', enable: () => undefined });

test('in the cache folder of the user', () => {
  const home = temporaryFolder();
  expect(kept(home)).toBe(path.join(home, '.cache/mcp-auth/compiled-code'));
  expect(kept(home, { XDG_CACHE_HOME: path.join(home, 'elsewhere') })).toBe(path.join(home, 'elsewhere/mcp-auth/compiled-code'));
  // A relative one does not count: https://specifications.freedesktop.org/basedir-spec/latest/
  expect(kept(home, { XDG_CACHE_HOME: 'elsewhere' })).toBe(path.join(home, '.cache/mcp-auth/compiled-code'));
});

test.each<[string, (cache: string) => void]>([
  ['other users can write to it', (cache) => chmodSync(path.join(cache, 'mcp-auth/compiled-code'), 0o777)],
  ['other users can replace it', (cache) => chmodSync(path.join(cache, 'mcp-auth'), 0o777)],
  ['other users can replace the folder above', (cache) => chmodSync(cache, 0o777)],
])('not if %s', (_, change) => {
  const home = temporaryFolder();
  kept(home);
  change(path.join(home, '.cache'));
  expect(kept(home)).toBeUndefined();
});

test('not through a link, which another user may have planted', () => {
  const home = temporaryFolder();
  const theirs = temporaryFolder();
  mkdirSync(path.join(home, '.cache'), { recursive: true });
  symlinkSync(theirs, path.join(home, '.cache/mcp-auth'));
  expect(kept(home)).toBeUndefined();
});
