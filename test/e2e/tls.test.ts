/** Servers with certificates, keys and TLS settings of all kinds, and the message for each. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createServer as createPlainServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../helpers/build.js';
import { temporaryStore } from '../helpers/folder.js';
import { describeWith } from '../helpers/installed.js';
import { listening } from '../helpers/listening.js';
import { piped } from '../helpers/piped.js';

const day = 24 * 60 * 60 * 1000;

/** An authority in `folder`, which makes certificates; `ca.pem` is its own. */
function authority(folder: string, openssl: string) {
  const run = (...words: string[]) => execFileSync(openssl, words, { cwd: folder, stdio: 'pipe' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const itself = ['dir=.', 'database=index', 'new_certs_dir=.', 'serial=serial', 'default_md=sha256', 'policy=any'];
  const config = [
    '[ca]',
    'default_ca=own',
    '[own]',
    ...itself,
    'unique_subject=no',
    '[any]',
    'commonName=supplied',
    '[req]',
    'distinguished_name=dn',
    '[dn]',
  ];
  writeFileSync(path.join(folder, 'config'), config.join('\n'));
  writeFileSync(path.join(folder, 'index'), '');
  writeFileSync(path.join(folder, 'serial'), '01');
  run('req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test authority', '-days', '2');
  const time = (milliseconds: number) =>
    new Date(milliseconds)
      .toISOString()
      .replace(/[-:T]|\.\d+/g, '')
      .slice(2);
  const read = (name: string) => ({
    key: readFileSync(path.join(folder, `${name}.key`)),
    cert: readFileSync(path.join(folder, `${name}.pem`)),
  });
  return {
    /** @param from and `to` are days from now. */
    sign: (name: string, { names = 'DNS:localhost', from = -1, to = 1 }: { names?: string; from?: number; to?: number }) => {
      run('req', ...fresh, '-keyout', `${name}.key`, '-out', `${name}.request`, '-subj', `/CN=${name}`);
      writeFileSync(path.join(folder, `${name}.names`), names === '' ? 'basicConstraints=CA:FALSE' : `subjectAltName=${names}`);
      const dates = ['-startdate', time(Date.now() + from * day), '-enddate', time(Date.now() + to * day)];
      const files = ['-in', `${name}.request`, '-out', `${name}.pem`, '-extfile', `${name}.names`];
      run('ca', '-batch', '-config', 'config', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-notext', ...dates, ...files);
      return read(name);
    },
    selfSigned: (name: string) => {
      const itself = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
      run('req', '-x509', ...fresh, '-keyout', `${name}.key`, '-out', `${name}.pem`, ...itself);
      return read(name);
    },
    certificate: () => readFileSync(path.join(folder, 'ca.pem')),
  };
}

describeWith('openssl', 'https', (openssl) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-tls-'));
  let made: ReturnType<typeof authority>;
  beforeAll(() => void (made = authority(folder, openssl)));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Logs in at `https://localhost`, a server with these options. Its CA is trusted by default. */
  async function logInOverTls(options: TlsOptions, { isTrusted = true }: { isTrusted?: boolean } = {}) {
    const { port } = await listening(createServer(options, (_, response) => response.writeHead(404).end()));
    return toldAt(`https://localhost:${port}/mcp`, isTrusted);
  }

  async function toldAt(url: string, isTrusted = true, node: readonly string[] = []) {
    const env = { PATH: process.env['PATH'], MCP_AUTH_STORE: temporaryStore(), NO_COLOR: '1' };
    const trust = isTrusted ? { NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem') } : {};
    const words = [...node, command, 'login', url, '--no-browser', '--name', 'demo'];
    const login = piped(spawn(process.execPath, words, { env: { ...env, ...trust }, stdio: ['ignore', 'pipe', 'pipe'] }));
    return { code: await login.exit, said: login.output.stderr };
  }

  test('a valid certificate is accepted', async () => {
    const { code, said } = await logInOverTls(made.sign('good', {}));
    expect(said).not.toContain('could not be reached');
    expect(code).toBe(1);
  });

  describe('a certificate', () => {
    test.each([
      {
        what: 'for other names',
        names: 'DNS:a.example,DNS:*.b.example,IP:10.0.0.1',
        says: 'is for other host names: “a.example, *.b.example, 10.0.0.1”',
      },
      { what: 'without names but the old one', names: '', says: 'is for other host names: “other”' },
      {
        what: 'for more names than fit',
        names: Array.from({ length: 60 }, (_, number) => `DNS:host-${number}.example`).join(','),
        says: '…”',
      },
    ])('$what', async ({ names, says }) => {
      const { code, said } = await logInOverTls(made.sign('other', { names }));
      expect(code).toBe(6);
      expect(said).toMatch(/^✗ localhost:\d+ could not be reached: its certificate is for other host names: “/m);
      expect(said).toContain(says);
      expect(said).toContain('(ERR_TLS_CERT_ALTNAME_INVALID).\n  Check the URL');
      expect(said).not.toContain('not trusted');
      expect(said.length).toBeLessThan(600);
    });

    test.each([
      { what: 'that has expired', dates: { from: -3, to: -1 }, says: 'certificate expired (CERT_HAS_EXPIRED)' },
      { what: 'of tomorrow', dates: { from: 1, to: 2 }, says: 'certificate not valid yet (CERT_NOT_YET_VALID)' },
    ])('$what: it may be the clock', async ({ dates, says }) => {
      const { code, said } = await logInOverTls(made.sign('dated', dates));
      expect(code).toBe(6);
      expect(said).toContain(`could not be reached: ${says}.\n  Check the clock of this machine.`);
    });

    test('that is its own authority', async () => {
      const { code, said } = await logInOverTls(made.selfSigned('own'));
      expect(code).toBe(6);
      expect(said).toMatch(/could not be reached: self-signed certificate \(DEPTH_ZERO_SELF_SIGNED_CERT\)\.\n.*NODE_EXTRA_CA_CERTS/);
    });

    test('of an unknown CA, with and without its certificate', async () => {
      const { key, cert } = made.sign('good', {});
      for (const chain of [cert, Buffer.concat([cert, made.certificate()])]) {
        const { code, said } = await logInOverTls({ key, cert: chain }, { isTrusted: false });
        expect(code).toBe(6);
        expect(said).toMatch(
          /could not be reached: (?:its certificate is not trusted|self-signed certificate in the certificate chain) \([A-Z_]+\)\.\n.*NODE_EXTRA_CA_CERTS/,
        );
      }
    });
  });

  describe('a server that requires a client certificate', () => {
    const wanting = () => ({ ...made.sign('good', {}), ca: made.certificate(), requestCert: true, rejectUnauthorized: true });

    test('says so in TLS 1.3, after the handshake', async () => {
      const { code, said } = await logInOverTls({ ...wanting(), minVersion: 'TLSv1.3' });
      expect(code).toBe(6);
      expect(said).toMatch(/could not be reached: it requires a client certificate \(ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED\)\./);
      expect(said).toContain('--client-cert FILE --client-key FILE');
      expect(said).not.toContain('not trusted');
    });

    test('in TLS 1.2 the cause may also be a cipher: both are reported', async () => {
      const { code, said } = await logInOverTls({ ...wanting(), maxVersion: 'TLSv1.2' });
      expect(code).toBe(6);
      expect(said).toMatch(/TLS handshake failure: it requires a client certificate, or .*ALERT_HANDSHAKE_FAILURE\)\./);
      expect(said).toContain('--client-cert FILE --client-key FILE');
    });
  });

  test.each([
    {
      what: 'old TLS alone',
      options: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
      says: 'TLS version in common',
    },
    {
      what: 'TLS 1.2 with a cipher that we do not offer',
      options: { maxVersion: 'TLSv1.2', ciphers: 'CAMELLIA128-SHA:NULL-SHA:@SECLEVEL=0' },
      says: 'TLS cipher',
    },
  ] as const)('a server with $what', async ({ options, says }) => {
    const { code, said } = await logInOverTls({ ...made.sign('good', {}), ...options });
    expect(code).toBe(6);
    expect(said).toContain(says);
    expect(said).toContain('Node supports TLS 1.2 and 1.3');
    expect(said).not.toContain('does not speak TLS');
  });

  test('a client that offers only what the server does not have', async () => {
    const { port } = await listening(createServer({ ...made.sign('good', {}), maxVersion: 'TLSv1.2' }));
    const { code, said } = await toldAt(`https://localhost:${port}/mcp`, true, ['--tls-min-v1.3']);
    expect(code).toBe(6);
    expect(said).toContain('TLS version in common');
  });

  test('a server without TLS', async () => {
    const { port } = await listening(createPlainServer());
    const { code, said } = await toldAt(`https://localhost:${port}/mcp`);
    expect(code).toBe(6);
    expect(said).toMatch(
      /could not be reached: it does not speak TLS, which https requires \(ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)\)/,
    );
  });
});
