/** The one way in which files are written. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeAtomically, writeTemporaryFile } from '../../src/store/atomic-write.js';
import { temporaryFolder } from '../helpers/folder.js';

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

function withUmask(mask: number): void {
  const before = process.umask(mask);
  onTestFinished(() => void process.umask(before));
}

test('a file is 0600 from its creation on, whatever the umask and the file before it', async () => {
  withUmask(0);
  const file = path.join(temporaryFolder(), 'file');
  await writeAtomically(file, 'new');
  expect(mode(file)).toBe('600');
  const other = path.join(temporaryFolder(), 'other');
  writeFileSync(other, 'old', { mode: 0o644 });
  expect(mode(await writeTemporaryFile(other, 'new'))).toBe('600');
  await writeAtomically(other, 'new');
  expect(mode(other)).toBe('600');
});

test('a mode is limited by the umask, unless it has to be exact', async () => {
  withUmask(0o022);
  const folder = temporaryFolder();
  await writeAtomically(path.join(folder, 'limited'), '', { mode: 0o666 });
  await writeAtomically(path.join(folder, 'exact'), '', { mode: 0o666, ignoreUmask: true });
  expect([mode(path.join(folder, 'limited')), mode(path.join(folder, 'exact'))]).toEqual(['644', '666']);
});

test('until the rename, the old content can be read; then the new, and nothing else is in the folder', async () => {
  const file = path.join(temporaryFolder(), 'file');
  writeFileSync(file, 'old');
  const temporary = await writeTemporaryFile(file, 'prepared');
  expect([readFileSync(file, 'utf8'), readFileSync(temporary, 'utf8')]).toEqual(['old', 'prepared']);
  expect(path.basename(temporary)).toMatch(/^\.file\.[\da-f-]{36}\.tmp$/);
  const other = path.join(temporaryFolder(), 'other');
  await writeAtomically(other, 'one');
  await writeAtomically(other, 'two', { flushFolder: true });
  expect(readFileSync(other, 'utf8')).toBe('two');
  expect(readdirSync(path.dirname(other))).toEqual(['other']);
});

test('a symbolic link is replaced, and its target is left alone', async () => {
  const target = path.join(temporaryFolder(), 'target');
  writeFileSync(target, 'theirs');
  const link = path.join(temporaryFolder(), 'link');
  symlinkSync(target, link);
  await writeAtomically(link, 'ours');
  expect(lstatSync(link).isSymbolicLink()).toBe(false);
  expect([readFileSync(target, 'utf8'), readFileSync(link, 'utf8')]).toEqual(['theirs', 'ours']);
});

test('a write that fails leaves no temporary file', async () => {
  const folder = temporaryFolder();
  const target = path.join(folder, 'target');
  mkdirSync(path.join(target, 'inside'), { recursive: true });
  await expect(writeAtomically(target, 'text')).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST/) as string });
  expect(readdirSync(folder)).toEqual(['target']);
  await expect(writeAtomically(path.join(folder, 'none', 'file'), 'text')).rejects.toMatchObject({ code: 'ENOENT' });
});
