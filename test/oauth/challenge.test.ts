/** The `WWW-Authenticate` header: RFC 9110 section 11.6.1, RFC 6750 section 3. */
import { expect, test } from 'vitest';
import { parseChallenge } from '../../src/oauth/challenge.js';

test.each([
  ['Bearer', {}],
  ['Bearer realm="x"', {}],
  ['bearer resource_metadata="https://a.example/prm"', { resourceMetadata: 'https://a.example/prm' }],
  ['Bearer resource_metadata=https', { resourceMetadata: 'https' }],
  ['Bearer error="invalid_token", scope="a b"', { error: 'invalid_token', scope: 'a b' }],
  ['Bearer error="invalid_token" scope="a b"', { error: 'invalid_token', scope: 'a b' }],
  ['Basic realm="a, Bearer scope=\\"no\\"", Bearer scope="yes"', { scope: 'yes' }],
  ['Bearer scope="yes", Basic realm="b"', { scope: 'yes' }],
  ['Negotiate YWJj==, Bearer scope="yes"', { scope: 'yes' }],
  ['Negotiate, Bearer scope = "yes"', { scope: 'yes' }],
  ['DPoP algs="ES256", Bearer error="insufficient_scope"', { error: 'insufficient_scope' }],
  ['Bearer scope="a\\"b"', { scope: 'a"b' }],
  ['Bearer scope="first", scope="second"', { scope: 'first' }],
  ['Bearer ???, scope="yes"', { scope: 'yes' }],
  ['Bearer scope="never closed', {}],
  ['Bearer realm="gateway", Bearer resource_metadata="https://a.example/prm"', { resourceMetadata: 'https://a.example/prm' }],
  ['Bearer, Basic realm="b", Bearer error="invalid_token", scope="yes"', { error: 'invalid_token', scope: 'yes' }],
  ['DPoP algs="ES256", resource_metadata="https://a.example/prm"', { isDpop: true, resourceMetadata: 'https://a.example/prm' }],
])('%s', (header, expected) => {
  expect(parseChallenge(header)).toEqual({ isDpop: false, resourceMetadata: undefined, scope: undefined, error: undefined, ...expected });
});

test.each([null, '', 'Basic realm="x"', ',,,', '"Bearer"'])('no Bearer challenge in %s', (header) => {
  expect(parseChallenge(header)).toBeUndefined();
});
