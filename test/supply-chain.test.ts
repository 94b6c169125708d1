/** What is shipped, what comes with it, and what it reads of its surroundings. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface Locked {
  readonly dev?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}
const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };

test('no package that is installed with ours runs a script, and all are locked by their content, from no host by name', () => {
  const shipped = Object.entries(packages).filter(([name, { dev }]) => name !== '' && !dev);
  expect(shipped.length).toBeGreaterThan(50);
  expect(shipped.filter(([, { hasInstallScript }]) => hasInstallScript).map(([name]) => name)).toEqual([]);
  expect(Object.entries(packages).filter(([name, { integrity }]) => name !== '' && integrity === undefined)).toEqual([]);
  expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
  expect(read('.npmrc')).toContain('ignore-scripts=true');
});

test('every dependency is named with its reason', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  for (const name of Object.keys(dependencies)) expect(read('src/README.md'), name).toContain(`| \`${name}\` |`);
});

test('npm pack holds the program, its types and its papers, and nothing else', () => {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' }),
  ) as {
    files: { path: string }[];
  }[];
  const files = packed?.files.map((file) => file.path) ?? [];
  const papers = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'];
  expect(files.filter((file) => !file.startsWith('dist/')).sort()).toEqual(papers);
  expect(files.filter((file) => file.startsWith('dist/') && !/\.(js|d\.ts)$/.test(file))).toEqual([]);
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const built = sources.flatMap((file) => ['.js', '.d.ts'].map((end) => `dist/${file.replace(/\.ts$/, end)}`));
  expect(files.filter((file) => file.startsWith('dist/') && !built.includes(file))).toEqual([]);
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
