/**
 * `npm run build`: the program with all that it uses, so that installing it installs nothing else and starting it looks for
 * nothing. `bin.cjs` answers what is asked most; the rest is in pieces that are loaded when they are needed.
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
 * conf asks env-paths for a folder where none is named, which we never leave to it. When it is loaded, that package asks for
 * the home of a user who may have none, and would end the program there.
 */
const withoutEnvPaths: Plugin = {
  name: 'without env-paths',
  setup: (steps) => {
    steps.onResolve({ filter: /^env-paths$/ }, ({ path }) => ({ path, namespace: 'left out' }));
    steps.onLoad({ filter: /./, namespace: 'left out' }, () => ({
      contents: 'export default () => { throw new Error("no folder was named"); };',
    }));
  },
};

/** What every way of bundling the source shares. */
export const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  define: { builtVersion: JSON.stringify(version) },
  // Some of them have a variant that cannot be bundled, and name it first.
  mainFields: ['module', 'main'],
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  plugins: [withoutEnvPaths],
} as const satisfies BuildOptions;

/** CommonJS packages ask for Node's own modules with `require`, which a module has not. */
export const requireInModules = {
  js: "import { createRequire as createRequireOfModule } from 'node:module';\nconst require = createRequireOfModule(import.meta.url);",
};

/** Leaves the rest of the program beside the file that starts it. */
const besideIt: Plugin = {
  name: 'beside it',
  setup: (steps) => {
    steps.onResolve({ filter: /^\.\/(main|refresher|fast-path\/quick-renewal)\.js$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** Makes `dist` anew. */
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
    plugins: [...shared.plugins, besideIt],
  });
  const bundle = readBundle(root, [pieces.metafile, start.metafile]);
  checkBundled(
    manifest,
    bundle.packages.map(({ place }) => place),
  );
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', path.join(root, 'scripts/tsconfig.build.json')], { stdio: 'inherit' });
  writeFileSync(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), licences(bundle));
  const product = describePackage('application', { name: manifest.name, version, licence: license });
  writeFileSync(path.join(dist, 'sbom.cdx.json'), writeSbom(product, bundle));
  writeFileSync(
    path.join(dist, 'mcp-auth.1'),
    formatManPage({ commands: await loadCommandReferences(), common: [...commonOptions, helpOption].map(toOptionReference), version }),
  );
}

/** What their authors want to be said wherever they are copied to. */
export function licences({ packages }: Bundle): string {
  return packages
    .map(({ place, name, version, licence }) => {
      const text = licenceText(path.join(root, place)) ?? 'It comes without a text of its licence.';
      return `${name} ${version} (${licence})\n\n${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function licenceText(folder: string): string | undefined {
  for (const name of ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt', 'License', 'LICENCE', 'license.md']) {
    try {
      return readFileSync(path.join(folder, name), 'utf8').trim();
    } catch {
      // By another name, then.
    }
  }
  return undefined;
}

if (process.argv[1] === import.meta.filename) await buildPackage();
