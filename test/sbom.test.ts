/** The list of what is built into the program, in package.json, and the SBOM that is made from it. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundlePackage } from '../scripts/build.js';
import { checkBundled, readBundle, type Listed } from '../scripts/bundled.js';
import type { BundledFile } from '../scripts/bundler.js';
import { lockedPackage } from '../scripts/locked.js';
import { describeNode, describePackage, writeSbom } from '../scripts/sbom.js';
import { nodePackages } from '../scripts/targets.js';
import { temporaryFolder } from './helpers/folder.js';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Listed & { name: string; version: string };
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string; integrity: string }> };

/** The packages whose code is in `dist`: with white space, the bundler writes the file of origin above each piece of code. */
async function findShipped(): Promise<string[]> {
  const { code } = await bundlePackage({ minify: false });
  const origins = [...code.matchAll(/^ *\/\/ ?(?:#region )?(node_modules\/.*)$/gm)].map(([, file = '']) => file);
  const places = origins.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? file);
  return [...new Set(places)].sort();
}
const shipped = await findShipped();

describe('the list "bundled" in package.json', () => {
  test('has the devDependencies that are in dist, and the build takes it', () => {
    const right = Object.keys(manifest.devDependencies).filter((name) => shipped.includes(`node_modules/${name}`));
    expect(manifest.bundled).toEqual(right);
    expect(() => checkBundled(manifest, shipped)).not.toThrow();
  });
  test.each([
    ['lacks one', manifest.bundled.filter((name) => name !== 'conf'), /Add conf: it is in the bundle/],
    ['has one for tests', [...manifest.bundled, 'vitest'], /Remove vitest: it is not in the bundle/],
    // Built in, since `open` imports it: the list is of what we have chosen.
    ['has a dependency of a package', [...manifest.bundled, 'is-wsl'], /Remove is-wsl: .*not a devDependency/],
  ])('ends the build when it %s', (_, bundled, message) => {
    expect(() => checkBundled({ ...manifest, bundled }, shipped)).toThrow(message);
  });
});

interface Bill {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly version: number;
  readonly metadata: { readonly component: ComponentRead };
  readonly components: readonly ComponentRead[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}
interface ComponentRead {
  readonly type: string;
  readonly 'bom-ref': string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly cpe?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses: readonly { readonly license: { readonly id?: string; readonly name?: string } }[];
}
const fullName = ({ group, name }: ComponentRead) => (group === undefined ? name : `${group}/${name}`);

/** What the specification demands of each SBOM, by its JSON schema: https://cyclonedx.org/docs/1.6/json/ */
function expectValid(text: string): Bill {
  const bill = JSON.parse(text) as Bill;
  expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
  const described = [bill.metadata.component, ...bill.components];
  const refs = described.map((one) => one['bom-ref']);
  expect(new Set(refs).size).toBe(refs.length);
  for (const one of described) {
    expect(['application', 'library', 'platform']).toContain(one.type);
    expect(one.name).not.toBe('');
    expect(one.version).toMatch(/^\d+\.\d+\.\d+/);
    for (const { alg, content } of one.hashes ?? []) expect([alg, content]).toEqual(['SHA-512', expect.stringMatching(/^[a-f0-9]{128}$/)]);
    // Either an identifier of SPDX or a name, never both.
    for (const { license } of one.licenses) expect(Object.keys(license)).toEqual([license.id === undefined ? 'name' : 'id']);
    expect(one.licenses).toHaveLength(1);
  }
  // Each component has one entry in the graph, which names components only, and the product leads to all of them.
  expect(bill.dependencies.map(({ ref }) => ref).sort()).toEqual([...refs].sort());
  const reached = new Set<string>();
  const walk = (ref: string): void => {
    if (reached.has(ref)) return;
    reached.add(ref);
    for (const to of bill.dependencies.find((one) => one.ref === ref)?.dependsOn ?? []) walk(to);
  };
  walk(bill.metadata.component['bom-ref']);
  expect([...reached].sort()).toEqual([...refs].sort());
  return bill;
}

describe('the SBOM of the package', () => {
  const text = read('dist/sbom.cdx.json');

  test('is as the specification demands, and is of this version', () => {
    const { component } = expectValid(text).metadata;
    expect(component).toMatchObject({ type: 'application', name: manifest.name, version: manifest.version });
    expect(component.purl).toBe(`pkg:npm/${manifest.name}@${manifest.version}`);
  });
  test('names each package whose code is in dist, and no other, at its locked version with its locked hash', () => {
    const { components } = JSON.parse(text) as Bill;
    const wanted = shipped.map((place) => {
      const name = place.replace(/^.*node_modules\//, '');
      const { version, integrity } = lock.packages[place] ?? { version: '', integrity: '' };
      const hash = Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex');
      return [name, version, `pkg:npm/${name.replace('@', '%40')}@${version}`, [{ alg: 'SHA-512', content: hash }]];
    });
    expect(components.length).toBeGreaterThan(30);
    expect(components.map((one) => [fullName(one), one.version, one.purl, one.hashes]).sort()).toEqual(wanted.sort());
  });
  test('names their licences as THIRD-PARTY-LICENSES.txt does', () => {
    const { components } = JSON.parse(text) as Bill;
    const named = components.map(
      (one) => `${fullName(one)} ${one.version} (${one.licenses[0]?.license.id ?? one.licenses[0]?.license.name})`,
    );
    const written = read('dist/THIRD-PARTY-LICENSES.txt').match(/^\S+ \d+\.\d+\.\d+\S* \(.*\)$/gm) ?? [];
    expect(named.sort()).toEqual(written.sort());
    expect(components.find(({ name }) => name === 'commander')?.licenses).toEqual([{ license: { id: 'MIT' } }]);
    // Its authors write "Apache 2.0", which is no identifier of SPDX.
    expect(components.find(({ name }) => name === 'qrcode-terminal')?.licenses).toEqual([{ license: { name: 'Apache 2.0' } }]);
  });
});

describe('from the files of a bundle', () => {
  const product = describePackage('application', { name: 'thing', version: '1.0.0', licence: 'MIT' });
  const read = (file: string, bytes: number, ...imports: string[]): BundledFile => ({ file, bytes, imports });
  const files = [
    read('src/main.ts', 5, 'node_modules/open/index.js', 'node:fs'),
    // Hands on what wsl-utils exports, and leaves no code of its own.
    read('node_modules/open/index.js', 0, 'node_modules/wsl-utils/index.js'),
    read('node_modules/wsl-utils/index.js', 5, 'node_modules/is-wsl/index.js', 'node_modules/wsl-utils/more.js'),
    read('node_modules/wsl-utils/more.js', 0, 'node_modules/open/index.js'),
    read('node_modules/is-wsl/index.js', 5),
    read('node_modules/zod/index.js', 0),
  ];
  const bundle = readBundle(root, files);

  test('only packages that leave code are there, and the graph leads through those that leave none', () => {
    const { dependencies } = expectValid(writeSbom(product, bundle));
    const graph = dependencies.map(({ ref, dependsOn }) => [ref, dependsOn].flat().map((one) => one.replace(/^pkg:npm\/|@.*$/g, '')));
    expect(graph).toEqual([['is-wsl'], ['thing', 'wsl-utils'], ['wsl-utils', 'is-wsl']]);
  });
  test('the same bundle gives the same text, in whatever order the bundler names it', () => {
    const other = readBundle(root, files.toReversed());
    expect(writeSbom(product, other)).toBe(writeSbom(product, bundle));
  });
  test('a package at another version than package-lock.json has is refused', () => {
    const folder = temporaryFolder();
    mkdirSync(path.join(folder, 'node_modules/thing'), { recursive: true });
    writeFileSync(path.join(folder, 'node_modules/thing/package.json'), '{ "name": "thing", "version": "1.0.1" }');
    const files = [read('node_modules/thing/index.js', 5)];
    for (const [packages, has] of [
      [{ 'node_modules/thing': { version: '1.0.0' } }, '1.0.0'],
      [{}, 'no entry for it'],
    ] as const) {
      writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({ packages }));
      expect(() => readBundle(folder, files)).toThrow(`node_modules/thing is 1.0.1, but package-lock.json has ${has}.`);
    }
  });
  test.each(nodePackages)('that of an executable has the Node that is shipped, as npm and as advisories name it: %s', (nodePackage) => {
    const locked = lockedPackage('executable', nodePackage);
    const bill = expectValid(writeSbom(product, bundle, [describeNode({ nodePackage, ...locked })]));
    expect(bill.components.map(fullName)).toEqual(['is-wsl', 'node', 'wsl-utils']);
    expect(bill.components[1]).toMatchObject({
      type: 'platform',
      version: locked.version,
      purl: `pkg:npm/${nodePackage}@${locked.version}`,
      cpe: `cpe:2.3:a:nodejs:node.js:${locked.version}:*:*:*:*:*:*:*`,
      hashes: [{ alg: 'SHA-512', content: Buffer.from(locked.integrity.slice('sha512-'.length), 'base64').toString('hex') }],
    });
  });
  test('a Node that is in no registry has the hash of its file', () => {
    const node = { version: '24.21.0', content: Buffer.from('a Node') };
    const bill = expectValid(writeSbom(product, bundle, [describeNode(node)]));
    expect(bill.components.find(({ name }) => name === 'node')).toMatchObject({
      type: 'platform',
      version: '24.21.0',
      purl: 'pkg:generic/node@24.21.0',
      cpe: 'cpe:2.3:a:nodejs:node.js:24.21.0:*:*:*:*:*:*:*',
      hashes: [{ alg: 'SHA-512', content: createHash('sha512').update(node.content).digest('hex') }],
    });
  });
});
