/** Debian packages with the executables for Linux. Debian's Node may be too old, so they bring their own. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Target } from '../targets.js';
import { requirementsOf } from './elf.js';
import type { Format, Page } from './page.js';
import { gzip, runPacker, withTree, type Entry } from './tree.js';

const architectures: Readonly<Record<Target['cpu'], string>> = { arm64: 'arm64', x64: 'amd64' };

/** The name of the package with this executable. */
export const debianPackageOf = ({ cpu }: Pick<Target, 'cpu'>, version: string) => `mcp-auth_${version}_${architectures[cpu]}.deb`;

const documents = 'usr/share/doc/mcp-auth';

function installedFiles(page: Page, executable: string): Entry[] {
  const { version, project, papers, time } = page;
  const licences = papers
    .filter(({ kind }) => kind === 'licence' || kind === 'licence of Node')
    .map(({ path: name, text }) => [name, text] as const);
  const licence = licences.find(([name]) => name === 'LICENSE')?.[1] ?? '';
  const date = new Date(time * 1000).toUTCString().replace('GMT', '+0000');
  const changelog = `mcp-auth (${version}) stable; urgency=medium\n\n  * See ${project.homepage}/releases\n\n -- ${project.maintainer}  ${date}\n`;
  return [
    { path: 'usr/bin/mcp-auth', content: { copyOf: executable }, isExecutable: true },
    ...papers.flatMap(({ debian, text }) =>
      debian === undefined ? [] : [{ path: `usr/share/${debian}`, content: debian.endsWith('.gz') ? gzip(text) : text }],
    ),
    {
      path: `${documents}/copyright`,
      content: `mcp-auth, from ${project.homepage}\n\n${licence}\nThe packages that are built in are in THIRD-PARTY-LICENSES.txt.gz, with their licences. Node and what it contains is in LICENSE-of-Node.txt.gz.\n`,
    },
    ...licences.filter(([name]) => name !== 'LICENSE').map(([name, text]) => ({ path: `${documents}/${name}.gz`, content: gzip(text) })),
    { path: `${documents}/changelog.gz`, content: gzip(changelog) },
    {
      path: 'usr/share/lintian/overrides/mcp-auth',
      // The program is a section of the executable, which does not start after `strip`. Its Node brings its own libraries.
      content: 'mcp-auth: unstripped-binary-or-object [usr/bin/mcp-auth]\nmcp-auth: embedded-library *\n',
    },
  ];
}

const contentOf = ({ content }: Entry) => (typeof content === 'string' || Buffer.isBuffer(content) ? content : undefined);

function control(page: Page, target: Target, files: readonly Entry[], executable: string): string {
  const sizes = files.map((one) => contentOf(one)?.length ?? statSync(executable).size);
  const kibibytes = Math.ceil(sizes.reduce((sum, size) => sum + Math.ceil(size / 1024), 0));
  return `${[
    'Package: mcp-auth',
    `Version: ${page.version}`,
    `Architecture: ${architectures[target.cpu]}`,
    `Maintainer: ${page.project.maintainer}`,
    `Installed-Size: ${kibibytes}`,
    `Depends: ${requirementsOf(executable).join(', ')}`,
    'Section: net',
    'Priority: optional',
    `Homepage: ${page.project.homepage}`,
    'Description: log in to remote MCP servers from a machine without a browser',
    ' mcp-auth logs in by OAuth, stores the tokens, keeps them fresh, and hands them',
    ' to MCP apps. It works over SSH, in a container and on a server.',
  ].join('\n')}\n`;
}

export const debian: Format = {
  name: 'Debian packages',
  make: (page) =>
    page.executables
      .filter(({ os }) => os === 'linux')
      .map((target) => {
        const executable = path.join(page.sources.bundle, target.file);
        const files = installedFiles(page, executable);
        const sums = files.map((one) => {
          const hash = createHash('md5').update(contentOf(one) ?? readFileSync(executable));
          return `${hash.digest('hex')}  ${one.path}\n`;
        });
        const information = [
          { path: 'DEBIAN/control', content: control(page, target, files, executable) },
          { path: 'DEBIAN/md5sums', content: sums.join('') },
        ];
        const name = debianPackageOf(target, page.version);
        withTree([...information, ...files], page.time, (folder) =>
          // The lowest level of xz: the highest saves a fifth and takes five times as long.
          runPacker('dpkg-deb', ['-Zxz', '-z1', '--root-owner-group', '--build', folder, path.join(page.folder, name)], {
            folder,
            time: page.time,
          }),
        );
        return name;
      }),
};
