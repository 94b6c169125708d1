/** What is shipped, what comes with it, and what it reads of its surroundings. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
}
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };

const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string> | undefined>;
const licences = () => read('dist/THIRD-PARTY-LICENSES.txt');

test('nothing is installed with ours, and all that is built from is locked by its content, from no host by name', () => {
  expect(manifest['dependencies'] ?? {}).toEqual({});
  expect(Object.keys(manifest['peerDependenciesMeta'] ?? {})).toEqual(Object.keys(manifest['peerDependencies'] ?? {}));
  expect(Object.keys(packages).length).toBeGreaterThan(50);
  expect(Object.entries(packages).filter(([name, { integrity }]) => name !== '' && integrity === undefined)).toEqual([]);
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  expect(read('.npmrc')).toContain('ignore-scripts=true');
});

/** The only places that install, and by what each knows what it gets. */
const installing: Record<string, string> = {
  '.ci/emulation': 'Debian’s own programs, by its signatures',
  '.ci/run': 'Debian’s own programs, by its signatures',
  '.github/workflows/ci.yml': 'package-lock.json',
  'deploy/release/install.sh': 'our archive, by SHA256SUMS',
  'scripts/bench.ts': 'our package, packed here',
  'scripts/locked.ts': 'the lockfiles of scripts/locked',
  'scripts/pins.ts': 'makes those lockfiles, and installs nothing',
  'scripts/release/packed.ts': 'our package, packed here',
  'scripts/set-up.mjs': 'package-lock.json',
  // By hand only; each says why at its top.
  'scripts/test-apps.ts': 'the apps',
  'scripts/test-python.ts': 'the packages for Python',
};

test('nothing is installed by scripts, tests or CI but by its content, or for a reason that is written down', () => {
  const within = (folder: string) => readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' });
  const files = ['deploy', 'scripts', 'test', 'python', '.github']
    .flatMap((folder) => within(folder).map((file) => `${folder}/${file.replaceAll('\\', '/')}`))
    .filter((file) => /\.(ts|mjs|js|py|yml|sh)$/.test(file));
  const here = path.relative(root, import.meta.filename).replaceAll('\\', '/');
  const code = (file: string) => read(file).replace(/^\s*(\*|\/\*|\/\/|#).*$/gm, '');
  // In a program as a word of a call, or as what is called; in a shell as a line.
  const inProgram = /(['"])(install|ci)\1|\b(exec|spawn|run)\w*\(\s*['"`](npx|uvx|curl|wget|(npm|pip3?) )/;
  const inShell = /\b(npx|uvx|curl|wget) |\b(npm|pnpm|yarn|pip3?|uv|gem|apt-get)\b[^\n]*\s(install|ci|add|exec|i)\b/;
  const installs = (file: string) => (/\.(ts|m?js|py)$/.test(file) ? inProgram : inShell).test(code(file));
  const found = [...files, '.ci/emulation', '.ci/run', 'package.json'].filter((file) => file !== here && installs(file));
  expect(found.sort()).toEqual(Object.keys(installing).sort());
  for (const file of ['scripts/test-apps.ts', 'scripts/test-python.ts']) {
    const [head = ''] = read(file).split('*/');
    expect(head, file).toMatch(/not (pinned )?by integrity hash/);
    const command = /npm run ([\w:]+)/.exec(head)?.[1] ?? '';
    for (const one of ['.ci/run', '.github/workflows/ci.yml', '.github/workflows/release.yml']) expect(read(one)).not.toContain(command);
  }
});

test('every package that is built in is named, with its reason where we chose it, and its licence lets us', () => {
  const builtIn = [...licences().matchAll(/^(\S+) \d+\.\d+\.\d+\S* \((.*)\)$/gm)];
  const names = builtIn.map(([, name = '']) => name);
  for (const name of Object.keys(manifest['devDependencies'] ?? {}).filter((one) => names.includes(one)))
    expect(read('DECISIONS.md'), name).toContain(`\`${name}\``);
  expect(names).toEqual(expect.arrayContaining(['@modelcontextprotocol/sdk', 'conf', 'inquirer', 'qrcode-terminal', 'commander']));
  for (const [, name, licence] of builtIn) expect(licence, name).toMatch(/MIT|ISC|BSD|Apache.2\.0/);
});

test('npm pack holds the program, its types and its papers, and nothing else', () => {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' }),
  ) as {
    files: { path: string }[];
  }[];
  const files = packed?.files.map((file) => file.path) ?? [];
  const papers = [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'dist/THIRD-PARTY-LICENSES.txt',
    'dist/mcp-auth.1',
    'dist/sbom.cdx.json',
    'package.json',
  ];
  const isBuilt = (file: string) => file.startsWith('dist/') && /\.(c?js|d\.ts)$/.test(file);
  expect(files.filter((file) => !isBuilt(file)).sort()).toEqual(papers);
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const types = sources.map((file) => `dist/${file.replace(/\.ts$/, '.d.ts')}`);
  expect(files.filter((file) => file.endsWith('.d.ts') && !types.includes(file))).toEqual([]);
  const code = files.filter((file) => /\.c?js$/.test(file) && !file.startsWith('dist/pieces/'));
  expect(code.sort()).toEqual([
    'dist/bin.cjs',
    'dist/fast-path/fast-path.cjs',
    'dist/fast-path/quick-renewal.cjs',
    'dist/index.js',
    'dist/library.cjs',
    'dist/main.cjs',
    'dist/refresher.cjs',
  ]);
  for (const file of files.filter((one) => one.endsWith('js'))) expect(read(file), file).not.toContain(root);
});

test('the environment is read by names that SECURITY.md has, and by no others', () => {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const code = sources.map((file) => read(path.join('src', file))).join('\n');
  const inBrackets = [...code.matchAll(/variables\['(\w+)'\]|setIn\(\w+, '(\w+)'\)|\bread\('(\w+)'\)/g)].map((match) =>
    match.slice(1).find(Boolean),
  );
  const taken = [...code.matchAll(/const \{([^}]*)\} = (?:env\.)?variables;/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim().split(/[\s:=]/)[0]),
  );
  const names = [...new Set([...inBrackets, ...taken])].filter((name) => name !== undefined && name !== '');
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) expect(read('SECURITY.md'), name).toContain(`\`${name}\``);
});
