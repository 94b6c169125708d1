/** Where the control socket of ssh is. */
import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createControlPath } from '../../src/ssh/control-path.js';
import { temporaryFolder } from '../helpers/folder.js';

const create = (variables: Record<string, string>) => {
  const env = { variables, platform: 'linux', folder: '/', program: [], exists: () => false } as const;
  const place = createControlPath({ env });
  onTestFinished(() => place.remove());
  return { ...place, parent: path.dirname(path.dirname(place.control)) };
};

test('it is in a new folder that only this user can enter, which is removed again', () => {
  const folder = temporaryFolder();
  const { control, remove, parent } = create({ XDG_RUNTIME_DIR: folder, TMPDIR: '/tmp' });
  expect(parent).toBe(folder);
  expect(statSync(path.dirname(control)).mode & 0o777).toBe(0o700);
  expect(create({ XDG_RUNTIME_DIR: folder }).control).not.toBe(control);
  remove();
  expect(readdirSync(folder)).toHaveLength(1);
});

test.each([
  ['is missing', (folder: string) => path.join(folder, 'missing')],
  ['is too long for a socket', (folder: string) => makeFolder(path.join(folder, 'x'.repeat(60)))],
  ['has a token of ssh', (folder: string) => makeFolder(path.join(folder, '%h'))],
  ['has a variable of ssh', (folder: string) => makeFolder(path.join(folder, '${HOME}'))],
  ['is relative', () => '.'],
  ['is empty', () => ''],
])('a folder that %s is not used', (_, name) => {
  const TMPDIR = temporaryFolder();
  expect(create({ XDG_RUNTIME_DIR: name(TMPDIR), TMPDIR }).parent).toBe(TMPDIR);
});

test('ssh has room for the random name under which it binds the socket', () => {
  const folder = temporaryFolder();
  for (let length = 1; length < 100; length += 1) {
    const { control } = create({ XDG_RUNTIME_DIR: makeFolder(path.join(folder, 'x'.repeat(length))) });
    expect(Buffer.byteLength(`${control}.0123456789abcdef`)).toBeLessThan(104);
  }
});

function makeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  return folder;
}
