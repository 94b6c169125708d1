/** Archives with an executable, and one with the single file, each with what is installed with the command. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Target } from '../targets.js';
import type { Format, Page } from './page.js';
import { runPacker, withTree, type Entry } from './tree.js';

interface ArchiveKind {
  readonly ending: string;
  /** The name of the program in the archive. */
  readonly program: string;
  readonly papers: readonly Page['papers'][number]['kind'][];
  /** Packs the folder `name` in `from`. `file` does not exist. */
  readonly pack: (archive: { readonly name: string; readonly file: string }, from: { folder: string; time: number }) => void;
}

const tarball: ArchiveKind = {
  ending: '.tar.gz',
  program: 'mcp-auth',
  papers: ['licence', 'licence of Node', 'manual', 'completion'],
  pack: ({ name, file }, from) => {
    const sameEverywhere = ['--format=ustar', '--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
    runPacker('tar', [...sameEverywhere, '--use-compress-program=gzip -n', '-cf', file, name], from);
  },
};

/** For any system that has a Node. */
const withoutNode: ArchiveKind = { ...tarball, papers: tarball.papers.filter((kind) => kind !== 'licence of Node') };

const zip: ArchiveKind = {
  ending: '.zip',
  program: 'mcp-auth.exe',
  papers: ['licence', 'licence of Node'],
  // -X: without the user and the times that only Unix has. -D: without entries for folders, whose order is that of the disk.
  pack: ({ name, file }, from) => runPacker('zip', ['-q', '-X', '-D', '-r', file, name], from),
};

const kinds: Readonly<Record<Target['os'], ArchiveKind>> = { darwin: tarball, linux: tarball, win32: zip };

/** The name of the folder in the archive. With the ending, it is the name of the archive. */
const folderOf = ({ file }: Target, version: string) => file.replace('mcp-auth', `mcp-auth-${version}`).replace(/\.exe$/, '');

/** The name of the archive with this executable. */
export function archiveOf(target: Target, version: string): string {
  return `${folderOf(target, version)}${kinds[target.os].ending}`;
}

/** The name of the archive that needs Node, on any system. */
export const nodeArchiveOf = (version: string) => `mcp-auth-${version}-node.tar.gz`;

function makeArchive(page: Page, kind: ArchiveKind, { name, program }: { name: string; program: Entry }): string {
  const file = `${name}${kind.ending}`;
  const papers = page.papers.filter(({ kind: one }) => kind.papers.includes(one));
  const entries = [program, ...papers.map((one) => ({ path: one.path, content: one.text }))];
  const inFolder = entries.map((entry) => ({ ...entry, path: path.join(name, entry.path) }));
  const archive = path.join(page.folder, file);
  // `zip` would add to an archive that exists.
  rmSync(archive, { force: true });
  withTree(inFolder, page.time, (folder) => kind.pack({ name, file: archive }, { folder, time: page.time }));
  return file;
}

export const archives: Format = {
  name: 'archives',
  make: (page) => {
    const { bundle } = page.sources;
    const singleFile = { path: 'mcp-auth.mjs', content: { copyOf: path.join(bundle, 'mcp-auth.mjs') }, isExecutable: true };
    return [
      makeArchive(page, withoutNode, { name: `mcp-auth-${page.version}-node`, program: singleFile }),
      ...page.executables.map((target) => {
        const kind = kinds[target.os];
        const program = { path: kind.program, content: { copyOf: path.join(bundle, target.file) }, isExecutable: true };
        return makeArchive(page, kind, { name: folderOf(target, page.version), program });
      }),
    ];
  },
};
