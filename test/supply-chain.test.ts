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

test('every package that is built in is named, with its reason where we chose it, and its licence lets us', () => {
  const builtIn = [...licences().matchAll(/^(\S+) \d+\.\d+\.\d+\S* \((.*)\)$/gm)];
  const names = builtIn.map(([, name = '']) => name);
  for (const name of Object.keys(manifest['devDependencies'] ?? {}).filter((one) => names.includes(one)))
    expect(read('src/README.md'), name).toContain(`\`${name}\``);
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
    'package.json',
  ];
  const isBuilt = (file: string) => file.startsWith('dist/') && /\.(c?js|d\.ts)$/.test(file);
  expect(files.filter((file) => !isBuilt(file)).sort()).toEqual(papers);
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const types = sources.map((file) => `dist/${file.replace(/\.ts$/, '.d.ts')}`);
  expect(files.filter((file) => file.endsWith('.d.ts') && !types.includes(file))).toEqual([]);
  const code = files.filter((file) => /\.c?js$/.test(file) && !file.startsWith('dist/pieces/'));
  expect(code.sort()).toEqual(['dist/bin.cjs', 'dist/index.js', 'dist/main.js', 'dist/quick-renewal.js', 'dist/refresher.js']);
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
