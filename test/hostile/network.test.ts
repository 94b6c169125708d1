/** Names and addresses that attack, in a network of its own where all of them are. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../helpers/installed.js';
import { networkAttacks } from './network-attacks.js';
import type { Result } from './network-inside.js';

/** A certificate for every name below `example`, by an authority that only the commands under test trust. */
function makeCertificates(folder: string): void {
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2');
  openssl('req', ...fresh, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=example');
  const hosts = ['mcp', 'auth', 'inside', 'metadata'].map((name) => `DNS:${name}.example`);
  writeFileSync(path.join(folder, 'names'), `subjectAltName=${hosts.join(',')}`);
  openssl('x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2', '-extfile', 'names', '-out', 'cert.pem');
}

describeWith('bwrap', 'in a network of its own', (bwrap) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-network-'));
  let results: Result[] = [];

  beforeAll(() => {
    makeCertificates(folder);
    writeFileSync(path.join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
    writeFileSync(path.join(folder, 'hosts'), '');
    writeFileSync(path.join(folder, 'nsswitch.conf'), 'hosts: files dns\n');
    const etc = ['resolv.conf', 'hosts', 'nsswitch.conf'].flatMap((name) => ['--ro-bind', path.join(folder, name), `/etc/${name}`]);
    const words = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--bind', folder, folder, ...etc];
    const alone = ['--unshare-net', '--unshare-user', '--uid', '0', '--gid', '0', '--cap-add', 'ALL', '--die-with-parent'];
    const inside = [process.execPath, '--import', 'tsx', path.join(import.meta.dirname, 'network-inside.ts'), folder];
    const printed = execFileSync(bwrap, [...words, ...alone, ...inside], { encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 300_000 });
    results = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Result);
  }, 310_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(networkAttacks)('$attack ($source)', ({ attack, exit, says }) => {
    const result = results.find((one) => one.attack === attack);
    expect(result?.exits.at(-1), result?.stderr).toBe(exit);
    for (const before of result?.exits.slice(0, -1) ?? []) expect(before, result?.stderr).toBe(0);
    expect(result?.stderr).toMatch(says);
    expect(result?.touched).toEqual([]);
    expect(`${result?.stdout}${result?.stderr}`).not.toContain('SECRET');
    // Whoever closes a connection is not asked without end.
    expect(result?.closed).toBeLessThan(20);
  });
});
