/** Finds the packages that are bundled into the products, from the files that were read for them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BundledFile } from './bundler.js';

export interface BundledPackage {
  /** Its folder relative to the root, as in package-lock.json: `node_modules/conf`. */
  readonly place: string;
  readonly name: string;
  readonly version: string;
  /** The license in its package.json; usually an SPDX identifier. */
  readonly licence: string;
  /** The integrity hash of its tarball in package-lock.json: `sha512-` and base64. */
  readonly integrity: string;
  /** The places of the packages that it imports. */
  readonly imports: readonly string[];
}

export interface Bundle {
  readonly packages: readonly BundledPackage[];
  /** The places of the packages that our own source imports. */
  readonly imports: readonly string[];
}

/** Finds the package that a file belongs to. Undefined for our own files. */
function findPlace(file: string): string | undefined {
  return /(?:^|\/)(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

/** Finds the packages with code in the output. A package that only re-exports others leaves no code there. */
function findPlaces(files: readonly BundledFile[]): Set<string> {
  const places = files.map(({ file, bytes }) => (bytes > 0 ? findPlace(file) : undefined));
  return new Set(places.filter((place) => place !== undefined));
}

/** Maps each package to the packages that it imports. The key of our own source is undefined. */
function findImports(files: readonly BundledFile[]): Map<string | undefined, Set<string>> {
  const found = new Map<string | undefined, Set<string>>();
  for (const { file, imports } of files) {
    const from = findPlace(file);
    const known = found.get(from) ?? new Set();
    found.set(from, known);
    for (const to of imports.map(findPlace)) if (to !== undefined && to !== from) known.add(to);
  }
  return found;
}

/**
 * Reads the packages of one product from its files, their package.json files and package-lock.json.
 *
 * @throws Error if an installed version differs from package-lock.json.
 */
export function readBundle(root: string, files: readonly BundledFile[]): Bundle {
  const places = findPlaces(files);
  const imported = findImports(files);
  // Look through packages without code: their importers import what they re-export.
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
    if (entry?.version !== version)
      throw new Error(`${place} is ${version}, but package-lock.json has ${entry?.version ?? 'no entry for it'}.`);
    const licence = license ?? licenses?.map(({ type }) => type).join(' or ') ?? 'unknown';
    return { place, name, version, licence, integrity: entry.integrity, imports: importsOf(place) };
  });
  return { packages, imports: importsOf() };
}

/**
 * Compares the list `bundled` in package.json with the devDependencies that are in the bundle. The list shows reviewers which
 * updates change the products.
 *
 * @throws Error if they differ.
 */
export function checkBundled({ devDependencies, bundled }: Listed, places: readonly string[]): void {
  const expected = Object.keys(devDependencies).filter((name) => places.includes(`node_modules/${name}`));
  const missing = expected.filter((name) => !bundled.includes(name));
  const extra = bundled.filter((name) => !expected.includes(name));
  if (missing.length + extra.length === 0) return;
  throw new Error(
    [
      'The list "bundled" in package.json differs from the bundle.',
      ...missing.map((name) => `Add ${name}: it is in the bundle.`),
      ...extra.map((name) => `Remove ${name}: it is not in the bundle or not a devDependency.`),
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
  /** The deprecated form of `license`. */
  readonly licenses?: readonly { readonly type: string }[];
}

/** The part of package.json that `checkBundled` compares. */
export interface Listed {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly bundled: readonly string[];
}
