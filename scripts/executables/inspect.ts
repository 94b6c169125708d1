/** Checks what can be seen of an executable without running it. For Windows, it is all that a build on Linux can check. */
import { findResource, readHeaders } from './portable-executable.js';
import type { Target } from '../targets.js';

/** The sentinel fuse of single executable applications: https://nodejs.org/api/single-executable-applications.html */
export const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
/** The name under which Node looks for the program in its own executable. */
export const blobName = 'NODE_SEA_BLOB';

/** The number of a CPU in the headers of each format. */
const cpuNumbers = {
  linux: { x64: 0x3e, arm64: 0xb7 },
  win32: { x64: 0x8664, arm64: 0xaa64 },
  darwin: { x64: 0x01000007, arm64: 0x0100000c },
} as const;

/**
 * @param blob the program that the executable must contain.
 * @throws Error if it is not an executable of the target, or would not start the program.
 */
export function inspectExecutable(file: Buffer, { os, cpu }: Target, blob: Buffer): void {
  if (readCpuNumber(file, os) !== cpuNumbers[os][cpu]) throw new Error(`This is not an executable for ${os} on ${cpu}.`);
  // Node looks for a program only if the digit after the fuse is 1.
  if (!file.includes(`${fuse}:1`) || file.includes(`${fuse}:0`)) throw new Error('The fuse is not flipped.');
  const found = os === 'win32' ? findResource(file, blobName)?.equals(blob) : file.includes(blob);
  if (found !== true) throw new Error(`The program is not in it as ${blobName}.`);
}

function readCpuNumber(file: Buffer, os: Target['os']): number | undefined {
  if (os === 'win32') return readHeaders(file).machine;
  if (os === 'linux') return file.toString('latin1', 0, 4) === '\x7fELF' ? file.readUInt16LE(18) : undefined;
  return file.readUInt32LE(0) === 0xfeedfacf ? file.readUInt32LE(4) : undefined;
}
