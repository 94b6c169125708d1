/** The packed package as a stranger gets it: installed by itself in an empty folder, and used, on each Node that it is for. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as api from '../../src/index.js';
import { installLocked, lockedNames } from '../locked.js';

/** A program of Node, and what it calls itself. */
export interface Runtime {
  readonly node: string;
  readonly version: string;
}

/** Milliseconds for what npm does once. One that hangs is ended: what it was asked for is said to be missing. */
const patience = 180_000;

/** npm's own scripts, which each Node can run: on the machine of a release there may be only one npm. */
function npm(node: string, program: 'npm' | 'npx', words: readonly string[], folder: string): string {
  const script = process.env['npm_execpath'];
  if (script === undefined) throw new Error('Start it by npm: npm run release');
  return execFileSync(node, [path.join(path.dirname(script), `${program}-cli.js`), ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: patience,
    killSignal: 'SIGKILL',
  }).trim();
}

/** This Node. */
export const ownRuntime: Runtime = { node: process.execPath, version: process.versions.node };

/**
 * On Linux, each other Node that the package is for, from npm: the floor that package.json promises, the lines with
 * long-term support, and the newest.
 *
 * @throws where they cannot be had.
 */
export function otherRuntimes(folder: string): Runtime[] {
  if (process.platform !== 'linux' || process.arch !== 'x64') return [];
  installLocked('runtimes', folder);
  return lockedNames('runtimes').map((name) => {
    const node = path.join(folder, 'node_modules', name, 'bin/node');
    return { node, version: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1) };
  });
}

/** Packs a built package as `npm publish` would. Returns the tarball. */
export function pack(folder: string, into: string): string {
  const printed = npm(process.execPath, 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', into], folder);
  const [{ filename }] = JSON.parse(printed) as [{ filename: string }];
  return path.join(into, filename);
}

/**
 * Installs the tarball with this Node into `folder`, and uses it: the command, `npx`, the library, the SBOM.
 *
 * @returns how many things were tried.
 */
export async function tryPacked({ node }: Runtime, { tarball, version, folder }: { tarball: string; version: string; folder: string }) {
  mkdirSync(folder);
  // Without it, npm would look for a package in the folders above.
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  npm(node, 'npm', ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--loglevel=error', tarball], folder);
  const installed = readdirSync(path.join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  expectSame('The installed packages', installed.join(), 'mcp-auth-cli');
  expectSame('npx mcp-auth --version', npm(node, 'npx', ['--no-install', 'mcp-auth', '--version'], folder), version);
  const script = "console.log(Object.keys(await import('mcp-auth-cli')).sort().join())";
  const names = execFileSync(node, ['--input-type=module', '--eval', script], { cwd: folder, encoding: 'utf8' });
  expectSame('What the library exports', names.trim(), Object.keys(api).sort().join());
  const sbom = JSON.parse(readFileSync(path.join(folder, 'node_modules/mcp-auth-cli/dist/sbom.cdx.json'), 'utf8')) as Sbom;
  expectSame('The SBOM is of', sbom.metadata.component.purl, `pkg:npm/mcp-auth-cli@${version}`);
  // Not before it is used: its authorization server has a word to say about itself as soon as it is loaded.
  const { smoke } = await import('../smoke.js');
  return 4 + (await smoke([node, path.join(folder, 'node_modules/mcp-auth-cli/dist/bin.cjs')]));
}

/** The part of the SBOM that is looked at. */
interface Sbom {
  readonly metadata: { readonly component: { readonly purl: string } };
}

function expectSame(what: string, seen: string, right: string): void {
  if (seen !== right) throw new Error(`${what}: ${seen}, not ${right}`);
}
