/** Measures two programs in turn, so that other load on the machine affects both. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** One number per run, in the order of the runs. */
export type Figures = readonly number[];

export function median(figures: Figures): number {
  const sorted = [...figures].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** Half the interquartile range, relative to the median. */
export function spread(figures: Figures): number {
  const sorted = [...figures].sort((one, other) => one - other);
  const at = (part: number) => sorted[Math.round((sorted.length - 1) * part)] ?? NaN;
  return (at(0.75) - at(0.25)) / 2 / median(figures);
}

/** Runs each of `measures` once per round. The first round warms the disk cache and is not counted. */
export async function inTurn<Name extends string>(
  rounds: number,
  measures: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(measures) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of names) {
      const figure = await measures[name]();
      if (round > 0) figures[name].push(figure);
    }
  }
  return figures;
}

export interface Program {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Measures the milliseconds from the start of a process to its exit.
 *
 * @throws Error if it does not exit with 0.
 */
export async function wallTime({ words: [command = '', ...words], env }: Program): Promise<number> {
  const before = performance.now();
  const child = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${words.join(' ')} exited with ${String(code)}: ${stderr}`);
  return performance.now() - before;
}

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

/**
 * A script that copies what Linux knows of its process into the file named by STATUS_FILE. Not `process.resourceUsage().maxRSS`, which
 * begins with the memory of the process that started it.
 */
const hook = path.join(folder, 'status.cjs');
writeFileSync(
  hook,
  "const fs = require('node:fs'); process.on('exit', () => fs.writeFileSync(process.env.STATUS_FILE, fs.readFileSync('/proc/self/status')));",
);

/** Runs a Node program and measures its peak memory in MiB. */
export async function peakMemory({ words: [node = '', ...words], env }: Program): Promise<number> {
  const file = path.join(folder, 'status');
  await wallTime({ words: [node, '--require', hook, ...words], env: { ...env, STATUS_FILE: file } });
  return readPeakMemory(file);
}

/** Reads the peak memory of a running process from /proc, in MiB. */
export function peakMemoryOf(pid: number | undefined): number {
  return readPeakMemory(`/proc/${pid}/status`);
}

function readPeakMemory(file: string): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1]) / 1024;
}
