/** Certificates of a CA that no system trusts by default. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function opensslIn(folder: string): (...words: string[]) => void {
  return (...words) => void execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
}

/**
 * Makes `ca.pem`, `cert.pem` and `key.pem` in a folder: a certificate for these names, issued by a CA that
 * no system trusts by default.
 */
export function makeCertificates(folder: string, names: readonly string[]): void {
  const openssl = opensslIn(folder);
  openssl('req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2');
  openssl('req', ...fresh, '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=example');
  writeFileSync(path.join(folder, 'names'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`);
  openssl('x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2', '-extfile', 'names', '-out', 'cert.pem');
}

/** Makes `client.pem` and `client.key` with the CA of `makeCertificates`. */
export function makeClientCertificate(folder: string): void {
  const openssl = opensslIn(folder);
  openssl('req', ...fresh, '-keyout', 'client.key', '-out', 'client-request.pem', '-subj', '/CN=a client');
  openssl('x509', '-req', '-in', 'client-request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '2', '-out', 'client.pem');
}
