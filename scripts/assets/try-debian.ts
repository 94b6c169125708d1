/**
 * Installs the Debian package on this machine, uses it, and removes it. Only as root in CI, or with `MCP_AUTH_TRY_DEB` set: it
 * changes the machine while it runs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { debianPackageOf } from './debian.js';

const dpkg = (...words: string[]) => execFileSync('dpkg', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] });

function isKnown(): boolean {
  try {
    dpkg('--status', 'mcp-auth');
    return true;
  } catch {
    return false;
  }
}

function findObstacle(file: string): string | undefined {
  if (!existsSync(file)) return `there is no ${path.basename(file)}`;
  if (process.getuid?.() !== 0) return 'only root can install it';
  if (!process.env['CI'] && !process.env['MCP_AUTH_TRY_DEB']) return 'it is installed in CI only, or with MCP_AUTH_TRY_DEB=1';
  return isKnown() || existsSync('/usr/bin/mcp-auth') ? 'mcp-auth is installed already' : undefined;
}

const completionOfLogin =
  'source /usr/share/bash-completion/completions/mcp-auth; COMP_WORDS=(mcp-auth logi); COMP_CWORD=1; _mcp_auth; echo "${COMPREPLY[*]}"';

function check(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`Debian package: ${what}`);
}

/** Returns a line about what was done, or why it was skipped. Throws if a check fails; the package is removed in any case. */
export async function tryDebianPackage(folder: string, version: string): Promise<string> {
  const name = debianPackageOf({ cpu: process.arch === 'arm64' ? 'arm64' : 'x64' }, version);
  const obstacle = findObstacle(path.join(folder, name));
  if (obstacle !== undefined) return `${name}: installation SKIPPED, ${obstacle}`;
  const home = mkdtempSync(path.join(tmpdir(), 'mcp-auth-deb-'));
  const store = path.join(home, '.config/mcp-auth/mcp-servers.json');
  const seen = { files: [] as string[], checks: 0, store: '' };
  try {
    dpkg('--install', path.join(folder, name));
    seen.files = dpkg('--listfiles', 'mcp-auth').trim().split('\n');
    const { smoke } = await import('../smoke.js');
    seen.checks = await smoke(['/usr/bin/mcp-auth']);
    const manual = seen.files.find((file) => file.endsWith('mcp-auth.1.gz')) ?? '';
    execFileSync('/usr/bin/mcp-auth', ['add', 'demo', 'https://mcp.example.com/mcp'], {
      env: { HOME: home },
      stdio: ['ignore', 2, 'pipe'],
    });
    seen.store = readFileSync(store, 'utf8');
    check('the store of a user has the server', seen.store.includes('https://mcp.example.com/mcp'));
    // The configuration of a small container leaves manual pages out.
    if (existsSync(manual)) check('the manual page', execFileSync('gzip', ['-dc', manual], { encoding: 'utf8' }).startsWith('.TH'));
    check('the completion of bash', execFileSync('bash', ['-c', completionOfLogin], { encoding: 'utf8' }).trim() === 'login');
  } finally {
    if (isKnown()) dpkg('--purge', 'mcp-auth');
  }
  const left = seen.files.filter((file) => file.includes('mcp-auth') && existsSync(file));
  const isUntouched = seen.store === readFileSync(store, 'utf8');
  rmSync(home, { recursive: true, force: true });
  check(`nothing remains, but: ${left.join(', ')}`, left.length === 0);
  check('the store of a user is as it was', isUntouched);
  return `${name}: installed, ${seen.checks + 3} checks passed, removed; nothing remained`;
}
