/** The import rule of ARCHITECTURE.md: downwards only, and which file may import which package. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../src');

/** The layers from the top down. A file may import from its own folder and from any layer below. */
const layers = [
  ['bin.ts'],
  ['index.ts', 'main.ts', 'refresher.ts'],
  ['cli.ts', 'fast-path/', 'library/'],
  ['options-parser.ts'],
  ['plain-line.ts'],
  ['commands/', 'machine/', 'terminal/'],
  ['agent/', 'doctor/'],
  ['bridge/', 'connect/', 'relay/', 'ssh/', 'transfer/'],
  ['login/'],
  ['session/'],
  ['apps/', 'flows/'],
  ['agent-client/'],
  ['context.ts'],
  ['reference/', 'store/'],
  ['agent-protocol/', 'oauth/', 'relay-protocol/'],
  ['http/'],
  ['secrets/'],
  ['text/'],
  ['callback-ui.ts'],
  ['abortable.ts', 'errors.ts', 'folders.ts', 'version.ts'],
  ['effects.ts'],
];

/** The files that may import each package. */
const allowedImporters: Record<string, string[]> = {
  conf: ['store/'],
  'age-encryption': ['store/seal/data-key.ts'],
  'jsonc-parser': ['apps/formats/', 'store/'],
  'smol-toml': ['apps/formats/'],
  yaml: ['apps/formats/'],
  diff: ['commands/redacted-diff.ts'],
  inquirer: ['terminal/'],
  'qrcode-terminal': ['terminal/'],
  open: ['terminal/'],
  'https-proxy-agent': ['http/proxies.ts'],
  'socks-proxy-agent': ['http/proxies.ts'],
  oauth4webapi: ['oauth/', 'relay-protocol/'],
  '@redis/client': ['relay/redis-store.ts', 'store/engines/redis-client.ts'],
  pg: ['store/engines/postgres-connection.ts'],
  tldts: ['http/site.ts'],
  commander: ['options-parser.ts'],
  'eventsource-parser': ['bridge/'],
  '@modelcontextprotocol/sdk': ['library/api.ts', 'login/verification.ts'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  /** Loaded when it is needed, by `import()`. */
  readonly isLate: boolean;
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));
const imports = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  const found = text.matchAll(/(import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|import\('([^']+)'\)/g);
  return [...found].map(([, , type, static_ = '', dynamic]) => {
    const to = dynamic ?? static_;
    const inside = to.startsWith('.') ? path.posix.join(path.posix.dirname(file), to).replace(/\.js$/, '.ts') : to;
    return { from: file, to: inside, typeOnly: type !== undefined, isLate: dynamic !== undefined };
  });
}

const readPage = (page: string) => readFileSync(path.join(root, '..', page), 'utf8');
const isIn = (file: string, place: string) => (place.endsWith('/') ? file.startsWith(place) : file === place);
const layerOf = (file: string) => layers.findIndex((layer) => layer.some((place) => isIn(file, place)));
const placeOf = (file: string) => layers[layerOf(file)]?.find((place) => isIn(file, place));

test('every file of src has a layer', () => {
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
});

test('imports go downwards only', () => {
  const inside = imports.filter(({ to }) => to.endsWith('.ts'));
  expect(inside.length).toBeGreaterThan(100);
  const up = inside.filter(
    ({ from, to }) => layerOf(to) < layerOf(from) || (layerOf(to) === layerOf(from) && placeOf(to) !== placeOf(from)),
  );
  expect(up).toEqual([]);
});

test('terminal imports only the lowest layers, and only cli and main import it', () => {
  const bottom = layers.slice(layers.findIndex((layer) => layer.includes('text/'))).flat();
  expect(
    imports.filter(
      ({ from, to }) =>
        from.startsWith('terminal/') && to.endsWith('.ts') && !to.startsWith('terminal/') && !bottom.some((place) => isIn(to, place)),
    ),
  ).toEqual([]);
  expect(
    imports.filter(({ from, to }) => to.startsWith('terminal/') && !from.startsWith('terminal/') && !['cli.ts', 'main.ts'].includes(from)),
  ).toEqual([]);
});

test('flows never touch the store', () => {
  expect(imports.filter(({ from, to }) => from.startsWith('flows/') && to.startsWith('store/'))).toEqual([]);
});

test.each(Object.entries(allowedImporters))('%s is imported only by %j', (name, places) => {
  const importers = imports.filter(({ to }) => to === name || to.startsWith(`${name}/`)).map(({ from }) => from);
  expect(importers.length).toBeGreaterThan(0);
  expect(importers.filter((file) => !places.some((place) => isIn(file, place)))).toEqual([]);
});

test('every imported package is listed', () => {
  const isOurs = (to: string) => to.endsWith('.ts') || to.startsWith('node:');
  const packages = imports.map(({ to }) => to).filter((to) => !isOurs(to));
  const nameOf = (to: string) => to.split('/', to.startsWith('@') ? 2 : 1).join('/');
  expect([...new Set(packages.map(nameOf))].sort()).toEqual(Object.keys(allowedImporters).sort());
});

/** What a start loads at once: all that these files import, and what that imports. */
function loadedBy(roots: readonly string[]): string[] {
  const loaded = new Set(roots);
  for (const file of loaded) {
    for (const { to } of imports.filter(({ from, typeOnly, isLate }) => from === file && !typeOnly && !isLate)) loaded.add(to);
  }
  return [...loaded];
}

/** Each costs milliseconds at every start, for commands that do not need it. */
const loadedLate = [
  ...[
    'commander',
    'oauth4webapi',
    'tldts',
    'pg',
    '@redis/client',
    'conf',
    'inquirer',
    'age-encryption',
    'open',
    '@modelcontextprotocol/sdk',
  ],
  ...[
    'flows/',
    'login/verification.ts',
    'session/renewal.ts',
    'store/database/',
    'store/engines/',
    'store/writing.ts',
    'oauth/vendors/',
    'node:crypto',
  ],
];

test.each(['bridge', 'list', 'status', 'connect'])('a start of %s loads nothing large that it may not need', (command) => {
  const loaded = loadedBy(['main.ts', `commands/${command}.ts`]);
  expect(loaded).toContain('http/http.ts');
  expect(loaded.filter((file) => loadedLate.some((place) => isIn(file, place)))).toEqual([]);
});

test('only main.ts and refresher.ts end the process, and only the entry points read its environment', () => {
  const uses = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(path.join(root, file), 'utf8')));
  expect(uses(/process\.exit\(/)).toEqual(['main.ts', 'refresher.ts']);
  expect(uses(/process\.(env|argv|std)/).sort()).toEqual(['bin.ts', 'fast-path/quick-renewal.ts', 'machine/program.ts', 'main.ts']);
  expect(uses(/console\./)).toEqual([]);
});

test('the import rule in ARCHITECTURE.md is the one that is tested', () => {
  const [, block = ''] = /<!-- layers -->\n+```\n([^]*?)\n```/.exec(readPage('ARCHITECTURE.md')) ?? [];
  expect(block.split('\n').map((line) => line.split(', '))).toEqual(layers);
});

test.each(['ARCHITECTURE.md', 'DECISIONS.md', 'BENCHMARKS.md', 'docs/store.md'])('%s names only files that exist', (page) => {
  const all = readdirSync(path.dirname(root), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /^(src|test|scripts)\//.test(file));
  const named = [...readPage(page).matchAll(/[\w/.-]+\.(?:test\.)?ts\b/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(page === 'ARCHITECTURE.md' ? 80 : 1);
  expect(named.filter((name) => !all.some((file) => file === name || file.endsWith(`/${name}`)))).toEqual([]);
});

test('the tree in ARCHITECTURE.md is the top of src, each with a sentence', () => {
  const atTop = readdirSync(root, { withFileTypes: true }).map((one) => (one.isDirectory() ? `${one.name}/` : one.name));
  const [, tree = ''] = readPage('ARCHITECTURE.md').split('```');
  const listed = tree.split('\n').flatMap((line) => /^([\w.-]+\/?) +\S.{10,}/.exec(line)?.[1] ?? []);
  expect(listed.sort()).toEqual(atTop.sort());
});
