/**
 * Writes a software bill of materials (SBOM) in CycloneDX 1.6. Bundled packages are in no lockfile of a user, so vulnerability
 * scanners need this file to find them.
 *
 * Why not a library: `npm sbom` lists installed packages, not bundled ones. A plugin of a bundler, as `@cyclonedx/cyclonedx-esbuild`,
 * would bring 34 packages into the job that builds a release, and does not include the hashes of package-lock.json or the Node in
 * the executable.
 */
import { createHash } from 'node:crypto';
import type { Bundle } from './bundled.js';

/** A component of CycloneDX, with the members that we use. */
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

/** The SPDX identifiers that the packages use. Any other value goes into `name` as the authors wrote it. */
const spdx = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense']);

interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly integrity?: string;
}

/** Describes an npm package. Its hash is the one of its tarball, as in `npm sbom`. */
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

/** The Node in an executable: an npm package, or a file that is in no registry. */
export type ShippedNode =
  | { readonly nodePackage: string; readonly version: string; readonly integrity: string }
  | { readonly version: string; readonly content: Buffer };

/** Describes the Node in an executable. Advisories identify it by its CPE, whatever its origin. */
export function describeNode(node: ShippedNode): Component {
  return { ...describeOrigin(node), name: 'node', cpe: `cpe:2.3:a:nodejs:node.js:${node.version}:*:*:*:*:*:*:*` };
}

function describeOrigin(node: ShippedNode): Component {
  const { version } = node;
  if ('nodePackage' in node) return describePackage('platform', { name: node.nodePackage, licence: 'MIT', ...node });
  const purl = `pkg:generic/node@${version}`;
  const hash = createHash('sha512').update(node.content).digest('hex');
  const licenses: Component['licenses'] = [{ license: { id: 'MIT' } }];
  return { type: 'platform', 'bom-ref': purl, name: 'node', version, hashes: [{ alg: 'SHA-512', content: hash }], licenses, purl };
}

/** Formats the SBOM of a product. It contains no timestamp and no serial number, so the same bundle always gives the same text. */
export function writeSbom(product: Component, { packages, imports }: Bundle, runtimes: readonly Component[] = []): string {
  // The same version of a package can be in two places. It is then one component.
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
  const sbom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { lifecycles: [{ phase: 'build' }], component: product },
    components: [...distinct].sort(byRef).map(([, component]) => component),
    dependencies: [...dependsOn].sort(byRef).map(([ref, refs]) => ({ ref, dependsOn: [...new Set(refs)].sort() })),
  };
  return `${JSON.stringify(sbom, undefined, 2)}\n`;
}

function byRef([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}
