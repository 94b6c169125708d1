/** The git repository that a release is made in. Nothing here leaves this machine. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The files that a release changes, by their path from the root, with their new text. */
export type Changes = Readonly<Record<string, string>>;

function git(folder: string, ...words: string[]): string {
  return execFileSync('git', words, { cwd: folder, encoding: 'utf8' }).trimEnd();
}

/** What about the repository keeps a version from being released, as sentences. */
export function obstacles(folder: string, version: string): string[] {
  const branch = git(folder, 'branch', '--show-current');
  const changed = git(folder, 'status', '--porcelain');
  const isTaken = git(folder, 'tag', '--list', `v${version}`) !== '';
  return [
    ...(branch === 'main' ? [] : [`This is ${branch === '' ? 'no branch' : `the branch ${branch}`}: git switch main`]),
    ...(changed === '' ? [] : [`There are changes that are not committed:\n${changed}`]),
    ...(isTaken ? [`There is a tag v${version} already.`] : []),
  ];
}

/** Copies what git knows of a working tree, and what it would add: no builds, no packages. */
export function copyTree(from: string, to: string): void {
  const listed = git(from, 'ls-files', '--cached', '--others', '--exclude-standard', '-z').split('\0');
  for (const file of new Set(listed.filter((name) => name !== '' && existsSync(path.join(from, name))))) {
    mkdirSync(path.dirname(path.join(to, file)), { recursive: true });
    cpSync(path.join(from, file), path.join(to, file), { verbatimSymlinks: true });
  }
}

/** Writes files, from the root of a tree. */
export function writeChanges(folder: string, changes: Changes): void {
  for (const [file, text] of Object.entries(changes)) writeFileSync(path.join(folder, file), text);
}

/**
 * Commits the changes of a release to a clean tree and tags them, here only. The tag is annotated: `git push --follow-tags`
 * takes no other. Where git fails, as for a hook or a signature, the tree is put back.
 */
export function recordRelease(folder: string, { version, changes }: { version: string; changes: Changes }): void {
  const before = git(folder, 'rev-parse', 'HEAD');
  try {
    writeChanges(folder, changes);
    git(folder, 'add', '--', ...Object.keys(changes));
    git(folder, 'commit', '--quiet', '--message', `release ${version}`);
    git(folder, 'tag', '--annotate', `v${version}`, '--message', `mcp-auth ${version}`);
  } catch (error) {
    git(folder, 'reset', '--quiet', '--hard', before);
    throw error;
  }
}
