/** The git commands of a release. They change only this machine and push nothing. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The files that a release changes: path relative to the root, and new text. */
export type Changes = Readonly<Record<string, string>>;

function git(folder: string, ...words: string[]): string {
  return execFileSync('git', words, { cwd: folder, encoding: 'utf8' }).trimEnd();
}

/** Lists what prevents a release of `version` from this repository, one sentence for each problem. */
export function findProblems(folder: string, version: string): string[] {
  const branch = git(folder, 'branch', '--show-current');
  const changed = git(folder, 'status', '--porcelain');
  const isTaken = git(folder, 'tag', '--list', `v${version}`) !== '';
  return [
    ...(branch === 'main'
      ? []
      : [`A release needs the branch main, but this is ${branch === '' ? 'no branch' : `the branch ${branch}`}. Run: git switch main`]),
    ...(changed === '' ? [] : [`The working tree has uncommitted changes:\n${changed}`]),
    ...(isTaken ? [`The tag v${version} already exists.`] : []),
  ];
}

/** Copies the tracked and the untracked files of a working tree. Ignored files, such as builds and packages, are not copied. */
export function copyTree(from: string, to: string): void {
  const listed = git(from, 'ls-files', '--cached', '--others', '--exclude-standard', '-z').split('\0');
  for (const file of new Set(listed.filter((name) => name !== '' && existsSync(path.join(from, name))))) {
    mkdirSync(path.dirname(path.join(to, file)), { recursive: true });
    cpSync(path.join(from, file), path.join(to, file), { verbatimSymlinks: true });
  }
}

/** Writes the changed files into a tree. */
export function writeChanges(folder: string, changes: Changes): void {
  for (const [file, text] of Object.entries(changes)) writeFileSync(path.join(folder, file), text);
}

/**
 * Writes the changes of a release into a clean working tree, commits and tags them. The tag is annotated, because
 * `git push --follow-tags` ignores other tags.
 *
 * @throws Error if git fails, for example in a hook or while signing. The tree and the branch are restored.
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
