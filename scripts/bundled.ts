/** The packages that are built into what users run, as esbuild's metafiles name them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Metafile } from 'esbuild';

export interface BundledPackage {
  /** Its folder from the root, as package-lock.json writes it: `node_modules/conf`. */
  readonly place: string;
  readonly name: string;
  readonly version: string;
  /** As its authors name it: most by the identifier of SPDX. */
  readonly licence: string;
  /** The hash of its tarball in package-lock.json: `sha512-` and base64. */
  readonly integrity: string;
  /** The places of the packages that it imports. */
  readonly imports: readonly string[];
}

export interface Bundle {
  readonly packages: readonly BundledPackage[];
  /** The places of the packages that our own source imports. */
  readonly imports: readonly string[];
}

/** The package of a file; our own files are of none. */
function findPlace(file: string): string | undefined {
  return /(?:^|\/)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

/** The packages with code in the output. One that only hands on what others export leaves none, and is not among them. */
function findPlaces(metafiles: readonly Metafile[]): Set<string> {
  const inputs = metafiles.flatMap(({ outputs }) => Object.values(outputs).flatMap((output) => Object.entries(output.inputs)));
  const places = inputs.map(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? findPlace(file) : undefined));
  return new Set(places.filter((place) => place !== undefined));
}

/** Which package imports which, with our own source as undefined. */
function findImports(metafiles: readonly Metafile[]): Map<string | undefined, Set<string>> {
  const found = new Map<string | undefined, Set<string>>();
  for (const [file, { imports }] of metafiles.flatMap(({ inputs }) => Object.entries(inputs))) {
    const from = findPlace(file);
    const known = found.get(from) ?? new Set();
    found.set(from, known);
    for (const to of imports.map((one) => findPlace(one.path))) if (to !== undefined && to !== from) known.add(to);
  }
  return found;
}

/** What the metafiles of one product say, with what the packages and package-lock.json add. */
export function readBundle(root: string, metafiles: readonly Metafile[]): Bundle {
  const places = findPlaces(metafiles);
  const imported = findImports(metafiles);
  // What a package without code hands on is imported by the one that imports it.
  const follow = (from: string | undefined, passed = new Set([from])): string[] =>
    [...(imported.get(from) ?? [])].flatMap((to) => {
      if (places.has(to)) return [to];
      return passed.has(to) ? [] : follow(to, passed.add(to));
    });
  const importsOf = (from?: string) => [...new Set(follow(from))].filter((to) => to !== from).sort();
  const { packages: locked } = readJson(path.join(root, 'package-lock.json')) as Lockfile;
  const packages = [...places].sort().map((place) => {
    const { name, version, license, licenses } = readJson(path.join(root, place, 'package.json')) as Manifest;
    const entry = locked[place];
    if (entry?.version !== version) throw new Error(`${place} is ${version}, and package-lock.json has ${entry?.version ?? 'none'}.`);
    const licence = license ?? licenses?.map(({ type }) => type).join(' or ') ?? 'unknown';
    return { place, name, version, licence, integrity: entry.integrity, imports: importsOf(place) };
  });
  return { packages, imports: importsOf() };
}

/**
 * Compares the list `bundled` in package.json with the devDependencies that are in the bundle. The list is for people: it
 * tells which updates change what users run.
 *
 * @throws when they differ.
 */
export function checkBundled({ devDependencies, bundled }: Listed, places: readonly string[]): void {
  const right = Object.keys(devDependencies).filter((name) => places.includes(`node_modules/${name}`));
  const missing = right.filter((name) => !bundled.includes(name));
  const extra = bundled.filter((name) => !right.includes(name));
  if (missing.length + extra.length === 0) return;
  throw new Error(
    [
      'The list "bundled" in package.json differs from what esbuild has built in.',
      ...missing.map((name) => `Add ${name}: it is built in.`),
      ...extra.map((name) => `Remove ${name}: it is not built in, or is no devDependency.`),
    ].join('\n'),
  );
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string } | undefined>>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  /** As npm once had it. */
  readonly licenses?: readonly { readonly type: string }[];
}

/** The part of package.json that is compared. */
export interface Listed {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly bundled: readonly string[];
}
