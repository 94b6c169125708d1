/** A folder that is packed: its files have fixed modes and times, so that the archive does not depend on when it is made. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Entry {
  /** Where the file is in the tree. */
  readonly path: string;
  readonly content: { readonly copyOf: string } | string | Buffer;
  readonly isExecutable?: boolean;
}

/** Writes a tree into a temporary folder, calls `use` with it, and removes it. */
export function withTree<Result>(entries: readonly Entry[], time: number, use: (folder: string) => Result): Result {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-tree-'));
  try {
    for (const entry of entries) writeEntry(folder, entry);
    setModesAndTimes(folder, time);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeEntry(folder: string, { path: place, content, isExecutable = false }: Entry): void {
  const file = path.join(folder, place);
  mkdirSync(path.dirname(file), { recursive: true });
  if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(file, content);
  else copyFileSync(content.copyOf, file);
  chmodSync(file, isExecutable ? 0o755 : 0o644);
}

function setModesAndTimes(folder: string, time: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) setModesAndTimes(file, time);
    else utimesSync(file, time, time);
  }
  // The umask may have taken bits away.
  chmodSync(folder, 0o755);
  utimesSync(folder, time, time);
}

/** Runs a packing program without what would make its output depend on this machine. */
export function runPacker(program: string, words: readonly string[], { folder, time }: { folder: string; time: number }): void {
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC', SOURCE_DATE_EPOCH: String(time) };
  execFileSync(program, words, { cwd: folder, env, stdio: ['ignore', 2, 2] });
}

/** Compresses as `gzip -n` does: without a name and a time. Lintian wants the best compression. */
export function gzip(content: string | Buffer): Buffer {
  return execFileSync('gzip', ['-n', '-9'], { input: content });
}
