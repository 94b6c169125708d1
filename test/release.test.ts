/** What a release does to the files and the repository. The packed package itself is tried by `npm run release -- --dry-run`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tagsOf, withNewestActions } from '../scripts/pins/actions.js';
import { findMissingOwner } from '../scripts/release/owner.js';
import { copyTree, findProblems, recordRelease } from '../scripts/release/repository.js';
import { nextVersion, releasedChangelog, withVersion } from '../scripts/release/version.js';
import { temporaryFolder } from './helpers/folder.js';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

describe('the version', () => {
  test.each([
    ['patch', '1.2.4'],
    ['minor', '1.3.0'],
    ['major', '2.0.0'],
    ['1.2.3', '1.2.3'],
    ['1.10.0', '1.10.0'],
  ])('%s after 1.2.3 is %s', (wanted, next) => {
    expect(nextVersion('1.2.3', wanted)).toBe(next);
  });
  test.each(['1.2.2', '1.1.9', '0.9.9', 'v2.0.0', '2.0', '2.0.0-rc.1', '02.0.0', 'huge', ''])('%j after 1.2.3 is none', (wanted) => {
    expect(() => nextVersion('1.2.3', wanted)).toThrow(/is not patch, minor|is older than/);
  });
  test.each(['package.json', 'package-lock.json'])('in %s nothing else is changed', (file) => {
    const before = read(file);
    const after = withVersion(before, '98.76.54');
    const own = before.split('\n').filter((line, at) => line !== after.split('\n')[at]);
    expect(own.map((line) => line.trim())).toEqual(
      file === 'package.json' ? [expect.any(String)] : [expect.any(String), expect.any(String)],
    );
    expect(own.every((line) => line.includes('"version"'))).toBe(true);
    expect(after.match(/98\.76\.54/g)).toHaveLength(own.length);
  });
});

describe('the changelog', () => {
  const release = { version: '1.2.3', date: '2026-12-24' };
  test('what was not released gets its version and its date', () => {
    const before = '# Changelog\n\n## Unreleased\n\nMore:\n\n- a thing\n\n## 1.2.2 (2026-01-01)\n\n- another\n';
    expect(releasedChangelog(before, release)).toBe(before.replace('Unreleased', '1.2.3 (2026-12-24)'));
  });
  test.each([
    '# Changelog\n\n## 1.2.2 (2026-01-01)\n\n- a thing\n',
    '# Changelog\n\n## Unreleased\n\n## 1.2.2 (2026-01-01)\n\n- a thing\n',
  ])('that says nothing of it is no changelog for a release (%#)', (before) => {
    expect(releasedChangelog(before, release)).toBeUndefined();
  });
});

describe('the owner in package.json', () => {
  const filled = {
    author: 'Jo Example (https://github.com/example)',
    bugs: { url: 'https://github.com/example/mcp-auth/issues' },
    homepage: 'https://github.com/example/mcp-auth#readme',
    repository: { type: 'git', url: 'git+https://github.com/example/mcp-auth.git' },
  };

  test('a filled-in package.json may be released', () => {
    expect(findMissingOwner(filled)).toEqual([]);
  });
  test.each([
    ['author', 'The maintainers (https://github.com/OWNER)'],
    ['bugs', { url: 'https://github.com/OWNER/mcp-auth/issues' }],
    ['homepage', 'https://github.com/OWNER/mcp-auth#readme'],
    ['repository', { type: 'git', url: 'git+https://github.com/OWNER/mcp-auth.git' }],
  ])('%s may neither keep the placeholder nor be left out', (field, value) => {
    expect(findMissingOwner({ ...filled, [field]: value })).toEqual([
      `package.json has the placeholder OWNER in ${field}: replace it with the GitHub account that owns the repository.`,
    ]);
    expect(findMissingOwner({ ...filled, [field]: undefined })).toEqual([`package.json has no ${field}.`]);
  });

  // In a copy of the tree, which is all that a broken check could tag.
  test('npm run release refuses the placeholder, and neither commits nor tags', () => {
    const copy = path.join(temporaryFolder(), 'tree');
    copyTree(root, copy);
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'), 'junction');
    const manifest = JSON.parse(read('package.json')) as object;
    writeFileSync(path.join(copy, 'package.json'), JSON.stringify({ ...manifest, ...filled, author: 'OWNER' }));
    const git = (...words: string[]) => execFileSync('git', words, { cwd: copy, encoding: 'utf8' }).trim();
    git('init', '--quiet', '--initial-branch', 'main');
    git('add', '.');
    git('-c', 'user.name=Tester', '-c', 'user.email=tester@demo.example', 'commit', '--quiet', '--no-gpg-sign', '--message', 'first');
    // In CI, and by the option, it would be a rehearsal, which only warns.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'CI' && name !== 'npm_config_dry_run'));
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/release.ts', 'minor', '--no-check'], {
      cwd: copy,
      env,
      encoding: 'utf8',
      timeout: 50_000,
      killSignal: 'SIGKILL',
    });
    expect(stderr).toContain('package.json has the placeholder OWNER in author: replace it with the GitHub account');
    expect(status).toBe(1);
    expect(git('log', '--format=%s')).toBe('first');
    expect(git('tag', '--list')).toBe('');
  });
});

describe('the repository', () => {
  const git = (folder: string, ...words: string[]) => execFileSync('git', words, { cwd: folder, encoding: 'utf8' }).trim();

  function repository(): string {
    const folder = temporaryFolder();
    git(folder, 'init', '--quiet', '--initial-branch', 'main');
    for (const [key, value] of [
      ['user.name', 'Tester'],
      ['user.email', 'tester@demo.example'],
      ['commit.gpgSign', 'false'],
      ['tag.gpgSign', 'false'],
    ] as const) {
      git(folder, 'config', key, value);
    }
    writeFileSync(path.join(folder, 'package.json'), '{}\n');
    writeFileSync(path.join(folder, '.gitignore'), 'dist/\n');
    git(folder, 'add', '.');
    git(folder, 'commit', '--quiet', '--message', 'first');
    return folder;
  }

  test('an action is pinned by the commit of the newest tag of its major version, annotated or not', () => {
    const folder = repository();
    const tagged = (name: string, ...words: string[]) => {
      git(folder, 'commit', '--quiet', '--allow-empty', '--message', name);
      git(folder, 'tag', ...words, name);
      return git(folder, 'rev-parse', 'HEAD');
    };
    const first = tagged('v5.0.0');
    const second = tagged('v5.0.9', '--annotate', '--message', 'second');
    const third = tagged('v5.0.10', '--annotate', '--message', 'third');
    for (const name of ['v6.0.0', 'v5', 'v5.1.0-beta.1', 'five']) tagged(name);
    const tags = tagsOf(folder);
    expect([tags.get('v5.0.0'), tags.get('v5.0.9'), tags.get('v5.0.10')]).toEqual([first, second, third]);
    const workflow = (pin: string) => `jobs:\n  one:\n    steps:\n      - uses: actions/thing@${pin}\n      - run: npm ci\n`;
    for (const pin of [`${first} # v5.0.0`, `${second} # v5.0.9`, `${third} # v5.0.10`])
      expect(withNewestActions(workflow(pin), () => tags)).toBe(workflow(`${third} # v5.0.10`));
    // Several actions in one repository: each in a folder, all at the same tags.
    const inFolder = (pin: string) => workflow(pin).replace('actions/thing@', 'actions/thing/part@');
    const asked: string[] = [];
    const after = withNewestActions(inFolder(`${first} # v5.0.0`), (repository) => (asked.push(repository), tags));
    expect(after).toBe(inFolder(`${third} # v5.0.10`));
    expect(asked).toEqual(['actions/thing']);
    for (const pin of [`${third} # v5.0.9`, `${third} # v5.0.11`])
      expect(() => withNewestActions(workflow(pin), () => tags)).toThrow(/actions\/thing v5\.0\.\d+ is pinned at/);
  });

  test('a clean main is released: one commit, and an annotated tag, which --follow-tags takes', () => {
    const folder = repository();
    expect(findProblems(folder, '1.2.3')).toEqual([]);
    recordRelease(folder, { version: '1.2.3', changes: { 'package.json': '{ "version": "1.2.3" }\n' } });
    expect(git(folder, 'log', '--format=%s')).toBe('release 1.2.3\nfirst');
    expect(git(folder, 'status', '--porcelain')).toBe('');
    expect(git(folder, 'cat-file', '-t', 'v1.2.3')).toBe('tag');
    expect(git(folder, 'rev-parse', 'v1.2.3^{commit}')).toBe(git(folder, 'rev-parse', 'HEAD'));
    expect(findProblems(folder, '1.2.3')).toEqual(['The tag v1.2.3 already exists.']);
  });

  test('where git does not take it, all is as it was', () => {
    const folder = repository();
    writeFileSync(path.join(folder, '.git/hooks/pre-commit'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const before = git(folder, 'rev-parse', 'HEAD');
    expect(() => recordRelease(folder, { version: '1.2.3', changes: { 'package.json': '{ "version": "1.2.3" }\n' } })).toThrow();
    expect(findProblems(folder, '1.2.3')).toEqual([]);
    expect(git(folder, 'rev-parse', 'HEAD')).toBe(before);
    expect(readFileSync(path.join(folder, 'package.json'), 'utf8')).toBe('{}\n');
  });

  test('another branch, or a change that is not committed, is in its way', () => {
    const folder = repository();
    git(folder, 'switch', '--quiet', '--create', 'wish');
    writeFileSync(path.join(folder, 'new.txt'), '');
    expect(findProblems(folder, '1.2.3')).toEqual([expect.stringContaining('the branch wish'), expect.stringContaining('new.txt')]);
    git(folder, 'switch', '--quiet', '--detach');
    expect(findProblems(folder, '1.2.3')[0]).toContain('no branch');
  });

  test('a copy of the tree has what git knows or would add, and no builds', () => {
    const folder = repository();
    for (const name of ['dist', 'src']) mkdirSync(path.join(folder, name));
    for (const file of ['dist/bin.cjs', 'src/new.ts']) writeFileSync(path.join(folder, file), file);
    const copy = temporaryFolder();
    copyTree(folder, copy);
    expect(['package.json', '.gitignore', 'src/new.ts', 'dist/bin.cjs'].map((file) => existsSync(path.join(copy, file)))).toEqual([
      ...[true, true, true, false],
    ]);
  });
});
