/** `deploy/release/install.sh`, filled in and run for real against a server on this machine. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fillTemplate } from '../scripts/assets/templates.js';
import { temporaryFolder } from './helpers/folder.js';
import { listen } from './helpers/listen.js';
import { piped } from './helpers/piped.js';

const template = readFileSync(path.resolve(import.meta.dirname, '../deploy/release/install.sh'), 'utf8');
const name = `mcp-auth-1.2.3-linux-${process.arch}`;
const isLinux = process.platform === 'linux';

interface Served {
  archive: Buffer;
  sums: string | undefined;
  isCut?: boolean;
}

interface Machine {
  /** The shell that runs the script. */
  readonly shell?: readonly string[];
  /** Programs of the machine, as scripts, before those of this one. */
  readonly programs?: Readonly<Record<string, string>>;
  /** The only programs of this machine that it has. */
  readonly only?: readonly string[];
  /** The archive that it should ask for, and the program in it. */
  readonly archive?: string;
  readonly program?: string;
}

async function installFrom(change: (served: Served) => void, machine: Machine = {}) {
  const { shell = ['sh'], programs = {}, only, archive: wanted = name, program = 'mcp-auth' } = machine;
  const work = temporaryFolder();
  mkdirSync(path.join(work, wanted));
  writeFileSync(path.join(work, wanted, program), '#!/bin/sh\necho 1.2.3\n', { mode: 0o755 });
  execFileSync('tar', ['-czf', 'made.tar.gz', wanted], { cwd: work });
  const archive = readFileSync(path.join(work, 'made.tar.gz'));
  const hash = createHash('sha256').update(archive).digest('hex');
  const served: Served = { archive, sums: `${'0'.repeat(64)}  other-${wanted}.tar.gz\n${hash}  ${wanted}.tar.gz\n` };
  change(served);
  const server = await listen((request, response) => {
    const body = request.url?.endsWith('SHA256SUMS') ? served.sums : served.archive;
    if (body === undefined) return void response.writeHead(404).end();
    const cut = served.isCut === true && Buffer.isBuffer(body);
    response.writeHead(200, { 'content-length': body.length + (cut ? 10 : 0) });
    response.write(body, () => (cut ? response.destroy() : response.end()));
  });
  onTestFinished(() => server.close());
  const script = path.join(work, 'install.sh');
  writeFileSync(script, fillTemplate(template, { version: '1.2.3', downloads: server.origin }));
  const folder = path.join(work, 'a folder');
  const bin = path.join(work, 'bin');
  mkdirSync(bin);
  for (const [one, text] of Object.entries(programs)) writeFileSync(path.join(bin, one), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  for (const one of only ?? []) symlinkSync(which(one), path.join(bin, one));
  const found = only === undefined ? `${bin}:${process.env['PATH'] ?? ''}` : bin;
  const [first = '', ...others] = shell;
  const { exit, output } = piped(spawn(which(first), [...others, script, folder], { stdio: 'pipe', env: { PATH: found, HOME: work } }));
  return { code: await exit, output, folder };
}

/** The path of a program of this machine; '' if it has none. */
const which = (program: string) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).stdout.trim();

/** In CI, a missing program fails the test. Elsewhere the test is skipped. */
function needs(...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => which(program) === '');
  if (missing.length > 0) process.stderr.write(`SKIPPED: this machine has no ${missing.join(', ')}\n`);
  return !isLinux || (missing.length > 0 && !process.env['CI']);
}

test.skipIf(!isLinux)('it installs what matches its checksum (only on Linux)', async () => {
  const { code, output, folder } = await installFrom(() => undefined);
  expect(output.stderr).toBe('');
  expect(code).toBe(0);
  expect(readdirSync(folder)).toEqual(['mcp-auth']);
  expect(output.stdout).toContain(`${folder} is not in PATH`);
});

test.skipIf(!isLinux).each<[string, (served: Served) => void, string]>([
  ['a changed archive', (served) => (served.archive = Buffer.from('evil')), 'does not match its checksum'],
  ['no line for it', (served) => (served.sums = `${'0'.repeat(64)}  ../${name}.tar.gz\n`), 'has no line for'],
  ['no SHA256SUMS', (served) => (served.sums = undefined), 'cannot be downloaded'],
  ['a cut download', (served) => (served.isCut = true), 'cannot be downloaded'],
])('it installs nothing with %s (only on Linux)', async (_, change, message) => {
  const { code, output, folder } = await installFrom(change);
  expect(output.stderr).toContain(message);
  expect(code).toBe(1);
  expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
});

test.skipIf(!isLinux)('a script that has not arrived whole does nothing (only on Linux)', () => {
  const part = template.slice(0, template.lastIndexOf('main "$@"'));
  expect(execFileSync('sh', ['-c', part], { encoding: 'utf8' })).toBe('');
});

const tools = ['uname', 'mktemp', 'mkdir', 'rm', 'mv', 'ln', 'tar', 'gzip', 'sha256sum'];

test.each<[string, readonly string[]]>([
  ['dash', ['dash']],
  ['bash', ['bash', '--posix']],
  ['BusyBox', ['busybox', 'sh']],
])('it runs in %s', async (_, shell) => {
  if (needs(shell[0] ?? '')) return;
  const { code, output, folder } = await installFrom(() => undefined, { shell });
  expect(output.stderr).toBe('');
  expect(code).toBe(0);
  expect(readdirSync(folder)).toEqual(['mcp-auth']);
});

test('it downloads with wget where there is no curl, and with neither says so', async () => {
  if (needs('wget')) return;
  const withWget = await installFrom(() => undefined, { only: [...tools, 'wget'] });
  expect(withWget.code).toBe(0);
  const changed = await installFrom((served) => (served.archive = Buffer.from('evil')), { only: [...tools, 'wget'] });
  expect(changed.output.stderr).toContain('does not match its checksum');
  const withNeither = await installFrom(() => undefined, { only: tools });
  expect(withNeither.output.stderr).toContain('Install curl or wget first.');
  expect(withNeither.code).toBe(1);
});

test.skipIf(!isLinux).each<[string, Record<string, string>]>([
  ['musl', { ldd: 'echo "musl libc (x86_64)" >&2; exit 1' }],
  ['another CPU', { uname: 'case $1 in -s) echo Linux;; *) echo riscv64;; esac' }],
  ['macOS', { uname: 'case $1 in -s) echo Darwin;; *) echo arm64;; esac' }],
])('on a machine with %s, it installs the single file, or asks for Node (only on Linux)', async (_, programs) => {
  const node = { archive: 'mcp-auth-1.2.3-node', program: 'mcp-auth.mjs' };
  const { code, output, folder } = await installFrom(() => undefined, { ...node, programs });
  expect(output.stderr).toBe('');
  expect(output.stdout).toContain('Installing the single file, which needs Node.');
  expect(code).toBe(0);
  expect(readlinkSync(path.join(folder, 'mcp-auth'))).toBe('mcp-auth.mjs');
  const old = await installFrom(() => undefined, { ...node, programs: { ...programs, node: 'exit 1' } });
  expect(old.output.stderr).toContain('Install Node 20.19 or newer');
  expect(old.code).toBe(1);
});

const deployed = path.resolve(import.meta.dirname, '../deploy/release');

test.each([
  ['shellcheck', ['--shell=sh', 'install.sh']],
  ['ruby', ['-c', 'mcp-auth.rb']],
  ['nix-instantiate', ['--parse', 'mcp-auth.nix']],
])('%s accepts what a release has', (program, words) => {
  if (needs(program)) return;
  const folder = temporaryFolder();
  const values = {
    version: '1.2.3',
    downloads: 'https://example.com/v1',
    homepage: 'https://example.com',
    license: 'MIT',
    summary: 'Log in',
  };
  const file = words.at(-1) ?? '';
  const template = readFileSync(path.join(deployed, file), 'utf8');
  writeFileSync(path.join(folder, file), fillTemplate(template, { ...values, archive: 'a.tar.gz', sha256: 'ab', sri: 'sha256-ab=' }));
  const home = { NIX_CONFIG: 'build-users-group =', NIX_STATE_DIR: folder, NIX_STORE_DIR: path.join(folder, 'store'), HOME: folder };
  const { status, stderr } = spawnSync(which(program), words, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...home } });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
