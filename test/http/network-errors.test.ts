/** Errors of Node and OpenSSL in plain terms; test/e2e/tls.test.ts has real servers. */
import { expect, test } from 'vitest';
import { toNetworkError, toProxyError } from '../../src/http/network-errors.js';

const url = new URL('https://a.example/mcp');
const coded = (code: string, more: object = {}) => Object.assign(new Error('SECRET'), { code, ...more });
const told = (error: unknown) => toNetworkError(error, url);

test.each([
  ['ECONNREFUSED', 'connection refused'],
  ['ENOTFOUND', 'host not found (DNS)'],
  ['EAI_AGAIN', 'host not found (DNS server did not respond)'],
  ['ETIMEDOUT', 'connection timed out'],
  ['EHOSTUNREACH', 'no route to host'],
  ['CERT_HAS_EXPIRED', 'certificate expired (CERT_HAS_EXPIRED)'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)'],
  ['CERT_REVOKED', 'certificate revoked (CERT_REVOKED)'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its certificate is not trusted (UNABLE_TO_GET_ISSUER_CERT_LOCALLY)'],
  ['ERR_SSL_NO_SUCH_THING', 'TLS connection failed (ERR_SSL_NO_SUCH_THING)'],
  ['EWHATEVER', 'connection failed (EWHATEVER)'],
])('%s: %s', (code, says) => {
  const failure = told(coded(code));
  expect(failure).toMatchObject({ code: 'network_error', message: `a.example could not be reached: ${says}.` });
  expect(told(new AggregateError([coded(code), coded('EOTHER')])).message).toBe(failure.message);
});

// Servers differ in the alert with which they refuse a client without a certificate, and OpenSSL 3.2 renamed them.
test.each([
  'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
  'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
  'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
  'ERR_SSL_TLSV1_ALERT_ACCESS_DENIED',
])('%s is a missing client certificate, not an untrusted server certificate', (code) => {
  const { message, hint } = told(coded(code));
  expect(message).toContain('client certificate');
  expect(message).not.toContain('trusted');
  expect(hint).toContain('--client-cert FILE --client-key FILE');
});

test.each([
  ['sslv3 alert handshake failure', 'TLS handshake failure'],
  ['ssl/tls alert handshake failure', 'TLS handshake failure'],
  ['tlsv1 alert protocol version', 'no TLS version in common'],
  ['unsupported protocol', 'no TLS version in common'],
  ['tlsv1 unrecognized name', 'does not serve that host name'],
  ['dh key too small', 'too weak'],
  ['unsafe legacy renegotiation disabled', 'too weak'],
  ['wrong version number', 'does not speak TLS'],
])('“%s”, only in the message of a write error', (reason, says) => {
  const openssl = `write EPROTO 806C695B877F0000:error:0A000410:SSL routines:ssl3_read_bytes:${reason}:../deps/openssl/rec_layer_s3.c:1605:SSL alert number 40\n`;
  expect(told(Object.assign(new Error(openssl), { code: 'EPROTO', syscall: 'write' })).message).toContain(says);
  expect(told(Object.assign(new Error(openssl.replace('ssl3_read_bytes', '')), { code: 'EPROTO' })).message).toContain(says);
});

test('nothing of another message is printed', () => {
  const error = Object.assign(new Error('write EPROTO SECRET:SSL routines:x:SECRET-1:y'), { code: 'EPROTO' });
  expect(told(error).message).toBe('a.example could not be reached: TLS connection failed (EPROTO).');
});

test('the names in a certificate are quoted', () => {
  const cert = { subjectaltname: 'DNS:a\u001b[31m\u202e”.example' };
  expect(told(coded('ERR_TLS_CERT_ALTNAME_INVALID', { cert })).message).toContain('other host names: “a[31m".example” (');
  expect(told(coded('ERR_TLS_CERT_ALTNAME_INVALID', { cert: {} })).message).toContain('other host names: “none” (');
  expect(told(coded('ERR_TLS_CERT_ALTNAME_INVALID')).message).toContain('other host names: “none” (');
});

test('a bad certificate of the proxy names the proxy', () => {
  const failure = toProxyError(coded('CERT_HAS_EXPIRED'), { host: 'a.example', proxy: new URL('https://proxy.example:3128') });
  expect(failure.message).toContain('a.example could not be reached through the proxy proxy.example:3128: certificate expired');
  expect(failure.hint).toContain('clock');
});
