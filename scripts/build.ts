/**
 * `npm run build`: bundles the program with its dependencies into `dist`, so that an install brings one package and a start
 * resolves no modules. `bin.cjs` handles the most frequent commands; other code is in chunks that are loaded on demand.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commonOptions, toOptionReference } from '../src/commands/command.js';
import { helpOption, loadCommandReferences } from '../src/commands/completion.js';
import { formatManPage } from '../src/reference/man.js';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { checkBundled, readBundle, type Bundle, type Listed } from './bundled.js';
import { describePackage, writeSbom } from './sbom.js';

export const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Listed & {
  readonly name: string;
  readonly version: string;
  readonly license: string;
};
export const { version, license } = manifest;

/**
 * Replaces env-paths, which conf uses only if no folder is given; we always give one. When env-paths is loaded, it looks up
 * the home folder, and the program would crash for a user who has none.
 */
const stubEnvPaths: Plugin = {
  name: 'stub env-paths',
  setup: (steps) => {
    steps.onResolve({ filter: /^env-paths$/ }, ({ path }) => ({ path, namespace: 'stub' }));
    steps.onLoad({ filter: /./, namespace: 'stub' }, () => ({
      contents: 'export default () => { throw new Error("conf was used without a folder"); };',
    }));
  },
};

/** commander can start programs as subcommands, which we have none of. For that alone, every start would load `node:child_process`. */
const stubChildProcessOfCommander: Plugin = {
  name: 'stub child_process of commander',
  setup: (steps) => {
    steps.onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/commander/') ? { path, namespace: 'stub-child-process' } : undefined,
    );
    steps.onLoad({ filter: /./, namespace: 'stub-child-process' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** The esbuild options that all products share. */
export const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  define: { builtVersion: JSON.stringify(version) },
  // Some packages have a `main` that esbuild cannot bundle. Prefer their `module`.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  plugins: [stubEnvPaths, stubChildProcessOfCommander],
  // `pg` loads these only if the user has installed the first, or on a platform of Cloudflare.
  external: ['pg-native', 'pg-cloudflare'],
} as const satisfies BuildOptions;

/** Defines `require` in ES modules, because bundled CommonJS packages load Node's own modules with it. */
export const requireInModules = {
  js: "import { createRequire as createRequireOfModule } from 'node:module';\nconst require = createRequireOfModule(import.meta.url);",
};

/** Keeps imports of the other entry points as imports, so that `bin.cjs` stays small. */
const keepEntryPointsExternal: Plugin = {
  name: 'keep entry points external',
  setup: (steps) => {
    steps.onResolve({ filter: /^\.\/(main|refresher|fast-path\/quick-renewal)\.js$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** Rebuilds `dist`. */
export default async function buildPackage(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const pieces = await build({
    ...shared,
    entryPoints: ['src/main.ts', 'src/refresher.ts', 'src/fast-path/quick-renewal.ts', 'src/index.ts'],
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    chunkNames: 'pieces/[name]-[hash]',
    banner: requireInModules,
  });
  const start = await build({
    ...shared,
    entryPoints: ['src/bin.ts'],
    outfile: 'dist/bin.cjs',
    format: 'cjs',
    plugins: [...shared.plugins, keepEntryPointsExternal],
  });
  const bundle = readBundle(root, [pieces.metafile, start.metafile]);
  checkBundled(
    manifest,
    bundle.packages.map(({ place }) => place),
  );
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'scripts/tsconfig.build.json')], { stdio: 'inherit' });
  writeFileSync(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), formatLicenseNotices(bundle));
  const product = describePackage('application', { name: manifest.name, version, licence: license });
  writeFileSync(path.join(dist, 'sbom.cdx.json'), writeSbom(product, bundle));
  writeFileSync(
    path.join(dist, 'mcp-auth.1'),
    formatManPage({ commands: await loadCommandReferences(), common: [...commonOptions, helpOption].map(toOptionReference), version }),
  );
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
