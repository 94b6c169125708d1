/**
 * `npm run build`: bundles the program with its dependencies into `dist`, so that an install brings one package and a start
 * resolves no modules. `bin.cjs` handles the most frequent commands; other code is in pieces that are loaded on demand.
 *
 * The program is CommonJS, because Node loads a piece of it in less time than an ES module.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commonOptions, toOptionReference } from '../src/commands/command.js';
import { helpOption, loadCommandReferences } from '../src/commands/completion.js';
import { formatManPage } from '../src/reference/man.js';
import type { MinifyOptions, OutputOptions, Plugin } from 'rolldown';
import { checkBundled, readBundle, type Bundle, type Listed } from './bundled.js';
import { bundle, root, type BundledFile } from './bundler.js';
import { describePackage, writeSbom } from './sbom.js';

export { root } from './bundler.js';
const dist = path.join(root, 'dist');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Listed & {
  readonly name: string;
  readonly version: string;
  readonly license: string;
};
export const { version, license } = manifest;

/** Names stay, so that the stack of an error can be read. */
const withoutSpace: MinifyOptions = { mangle: false, compress: false, codegen: true };

/** The entry points of the program. To load one starts it. */
const entries = { main: 'src/main.ts', refresher: 'src/refresher.ts' };

/**
 * What a start of the process that renews loads, and a start of the program. What is loaded together is in one piece: with 69 small
 * ones, the bridge took 1.8 times as long as a relay of twenty lines to start, instead of 1.35.
 */
const starts: Readonly<Record<string, readonly string[]>> = {
  renewal: [entries.refresher],
  start: [entries.main, 'src/commands/bridge.ts'],
};

/** All output options of CommonJS for Node, which has no ES module to load. */
export const commonJs = { format: 'cjs', comments: false, dynamicImportInCjs: false } as const satisfies OutputOptions;

/** What runs before it is known whether the program is needed: each a file of its own, which shares nothing with the pieces. */
const earlyEntries = {
  bin: 'src/bin.ts',
  'fast-path/fast-path': 'src/fast-path/fast-path.ts',
  'fast-path/quick-renewal': 'src/fast-path/quick-renewal.ts',
};

/** Keeps imports of other entry points as imports, so that these files stay small. */
const keepEntryPointsExternal: Plugin = {
  name: 'keep entry points external',
  resolveId: (id) =>
    /^\.\/(main|refresher|fast-path\/fast-path|quick-renewal)\.js$/.test(id) ? { id: id.replace(/js$/, 'cjs'), external: true } : undefined,
};

/** Rebuilds `dist`. */
export default async function buildPackage(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const { files, exported } = await bundlePackage({ dir: dist, minify: withoutSpace });
  chmodSync(path.join(dist, 'bin.cjs'), 0o755);
  writeFileSync(path.join(dist, 'index.js'), `import library from './library.cjs';\nexport const { ${exported.join(', ')} } = library;\n`);
  const found = readBundle(root, files);
  checkBundled(
    manifest,
    found.packages.map(({ place }) => place),
  );
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'scripts/tsconfig.build.json')], { stdio: 'inherit' });
  writeFileSync(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), formatLicenseNotices(found));
  const product = describePackage('application', { name: manifest.name, version, licence: license });
  writeFileSync(path.join(dist, 'sbom.cdx.json'), writeSbom(product, found));
  writeFileSync(
    path.join(dist, 'mcp-auth.1'),
    formatManPage({ commands: await loadCommandReferences(), common: [...commonOptions, helpOption].map(toOptionReference), version }),
  );
}

interface PackageFiles {
  readonly files: readonly BundledFile[];
  /** The names that the library exports. */
  readonly exported: readonly string[];
  readonly code: string;
}

/** Bundles what is in the package. Without `dir`, nothing is written. */
export async function bundlePackage({ dir, minify }: Pick<OutputOptions, 'dir' | 'minify'>): Promise<PackageFiles> {
  const output = { ...commonJs, dir, minify, entryFileNames: '[name].cjs' };
  const rest = { version, write: dir !== undefined };
  const program = await bundle({
    ...rest,
    input: { ...entries, library: 'src/index.ts' },
    output: {
      ...output,
      chunkFileNames: 'pieces/[name]-[hash].cjs',
      codeSplitting: { groups: createPieces() },
    },
  });
  const early = await Promise.all(
    Object.entries(earlyEntries).map(([name, file]) =>
      bundle({ ...rest, input: { [name]: file }, output: { ...output, codeSplitting: false }, plugins: [keepEntryPointsExternal] }),
    ),
  );
  const made = [program, ...early];
  const chunks = made.flatMap((one) => one.chunks);
  return {
    files: made.flatMap(({ files }) => files),
    exported: chunks.find(({ name, isEntry }) => isEntry && name === 'library')?.exports ?? [],
    code: chunks.map(({ code }) => code).join('\n'),
  };
}

/** One piece for what all of `starts` load, and then one for each of them. */
function createPieces() {
  const loaded = new Map<string, ReadonlySet<string>>();
  const isLoaded = (start: string, id: string, graph: ModuleGraph) => {
    const modules = loaded.get(start) ?? listStaticImports(starts[start] ?? [], graph);
    loaded.set(start, modules);
    return modules.has(id);
  };
  const entryModules = new Set(Object.values(entries).map((entry) => path.join(root, entry)));
  const names = Object.keys(starts);
  return [names, ...names.map((name) => [name])].map((needing, at) => ({
    debugName: needing.join('-'),
    priority: names.length - at,
    name: (id: string, graph: ModuleGraph) =>
      !entryModules.has(id) && needing.every((start) => isLoaded(start, id, graph)) ? needing.join('-') : null,
  }));
}

interface ModuleGraph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null;
}

/** The modules of these files, and all that is loaded when they are loaded. */
function listStaticImports(files: readonly string[], graph: ModuleGraph): Set<string> {
  const found = new Set(files.map((file) => path.join(root, file)));
  // A set goes on with what is added to it meanwhile.
  for (const id of found) for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) found.add(imported);
  return found;
}

/** Formats the license notices of the bundled packages. Their licenses require that every copy includes them. */
export function formatLicenseNotices({ packages }: Bundle): string {
  return packages
    .map(({ place, name, version, licence }) => {
      const text = readLicenseText(path.join(root, place)) ?? 'The package contains no license text.';
      return `${name} ${version} (${licence})\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function readLicenseText(folder: string): string | undefined {
  for (const name of ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt', 'License', 'LICENCE', 'license.md']) {
    try {
      return readFileSync(path.join(folder, name), 'utf8').trim();
    } catch {
      // Not found: try the next name.
    }
  }
  return undefined;
}

if (process.argv[1] === import.meta.filename) await buildPackage();
