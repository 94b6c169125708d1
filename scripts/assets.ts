/**
 * `npm run assets`: makes the files of a release page in `release/`, from what `npm run build` and `npm run bundle` have made.
 * It needs Linux, for GNU tar and dpkg-deb. It fails if an executable for Linux or Windows is missing; `-- --partial` allows it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { formats } from './assets/index.js';
import type { Sources } from './assets/page.js';
import { readPapers } from './assets/papers.js';
import { downloadsOf, readProject, type ProjectManifest } from './assets/project.js';
import { root } from './build.js';
import { targets } from './targets.js';

export const ownSources: Sources = { root, dist: path.join(root, 'dist'), bundle: path.join(root, 'bundle') };

/** The time of the last commit, or the one that https://reproducible-builds.org/specs/source-date-epoch/ defines. */
function findTime(folder: string): number {
  const printed = process.env['SOURCE_DATE_EPOCH'] ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: folder, encoding: 'utf8' });
  return Number(printed);
}

/**
 * Writes all files of a release page into `folder`, which is emptied first.
 *
 * @returns the names of the files and their sizes in bytes.
 * @throws Error if an executable is missing and the page has to be complete.
 */
export async function makeAssets(
  folder: string,
  { sources = ownSources, isComplete }: { sources?: Sources; isComplete: boolean },
): Promise<{ name: string; size: number }[]> {
  const manifest = JSON.parse(readFileSync(path.join(sources.root, 'package.json'), 'utf8')) as ProjectManifest;
  const executables = targets.filter(({ file }) => existsSync(path.join(sources.bundle, file)));
  const missing = targets.filter((target) => target.os !== 'darwin' && !executables.includes(target));
  if (isComplete && missing.length > 0)
    throw new Error(`bundle/ has no ${missing.map(({ file }) => file).join(', ')}. Run: npm run bundle`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { version } = manifest;
  const project = readProject(manifest);
  const page = {
    ...{ folder, version, project, sources, executables, isComplete },
    downloads: downloadsOf(project, version),
    time: findTime(sources.root),
    papers: await readPapers(sources),
  };
  const names = formats.flatMap((format) => format.make(page));
  return names.map((name) => ({ name, size: statSync(path.join(folder, name)).size }));
}

/** One line for each file, with its size. */
export function formatAssets(files: readonly { readonly name: string; readonly size: number }[]): string[] {
  return files.map(({ name, size }) => `${(size / 1024).toFixed(1).padStart(9)} KiB  release/${name}`);
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { partial: { type: 'boolean', default: false } } });
  const files = await makeAssets(path.join(root, 'release'), { isComplete: !values.partial });
  process.stdout.write(`${formatAssets(files).join('\n')}\n`);
}
