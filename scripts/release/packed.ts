/** Tests the tarball as a user gets it: installs it in an empty folder and uses it, on each supported Node. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as api from '../../src/index.js';
import { installLocked, lockedNames } from '../locked.js';

/** An installed Node. */
export interface Runtime {
  /** The path of its executable. */
  readonly node: string;
  readonly version: string;
}

/** Milliseconds for one run of npm. A run that hangs is killed and counts as failed. */
const npmTimeout = 180_000;

/** Runs npm or npx with the given Node. There may be only one npm on this machine, but any Node can run its scripts. */
function npm(node: string, program: 'npm' | 'npx', words: readonly string[], folder: string): string {
  const script = process.env['npm_execpath'];
  if (script === undefined) throw new Error('Start this script with npm: npm run release');
  return execFileSync(node, [path.join(path.dirname(script), `${program}-cli.js`), ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: npmTimeout,
    killSignal: 'SIGKILL',
  }).trim();
}

/** The Node that runs this script. */
export const ownRuntime: Runtime = { node: process.execPath, version: process.versions.node };

/**
 * Installs the other supported Node versions from npm: the oldest that package.json allows, those with long-term support, and
 * the newest. Returns none on systems other than Linux x64.
 *
 * @throws Error if npm cannot install them; ChangedPackageError if one does not match its integrity hash.
 */
export function otherRuntimes(folder: string): Runtime[] {
  if (process.platform !== 'linux' || process.arch !== 'x64') return [];
  installLocked('runtimes', folder);
  return lockedNames('runtimes').map((name) => {
    const node = path.join(folder, 'node_modules', name, 'bin/node');
    return { node, version: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1) };
  });
}

/** Packs a built package as `npm publish` does. Returns the path of the tarball. */
export function pack(folder: string, into: string): string {
  const printed = npm(process.execPath, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', into], folder);
  const [{ filename }] = JSON.parse(printed) as [{ filename: string }];
  return path.join(into, filename);
}

/**
 * Installs the tarball into `folder` with one Node, and checks the command, `npx`, the library and the SBOM.
 *
 * @returns the number of checks.
 * @throws Error if a check fails.
 */
export async function testPacked({ node }: Runtime, { tarball, version, folder }: { tarball: string; version: string; folder: string }) {
  mkdirSync(folder);
  // Without a package.json here, npm would use the one of a parent folder.
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  npm(node, 'npm', ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--loglevel=error', tarball], folder);
  const installed = readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  expectSame('installed packages', installed.join(), 'mcp-auth-cli');
  expectSame('npx mcp-auth --version', npm(node, 'npx', ['--no-install', 'mcp-auth', '--version'], folder), version);
  const script = "console.log(Object.keys(await import('mcp-auth-cli')).sort().join())";
  const names = execFileSync(node, ['--input-type=module', '--eval', script], { cwd: folder, encoding: 'utf8' });
  expectSame('exports of the library', names.trim(), Object.keys(api).sort().join());
  const sbom = JSON.parse(readFileSync(path.join(folder, 'node_modules/mcp-auth-cli/dist/sbom.cdx.json'), 'utf8')) as Sbom;
  expectSame('component of the SBOM', sbom.metadata.component.purl, `pkg:npm/mcp-auth-cli@${version}`);
  // Imported late, because oidc-provider prints its warnings when it is loaded.
  const { smoke } = await import('../smoke.js');
  return 4 + (await smoke([node, path.join(folder, 'node_modules/mcp-auth-cli/dist/bin.cjs')]));
}

/** The part of the SBOM that is checked. */
interface Sbom {
  readonly metadata: { readonly component: { readonly purl: string } };
}

function expectSame(what: string, actual: string, expected: string): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}
