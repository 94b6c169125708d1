/** DPoP-bound tokens: RFC 9449. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { metadata, type Exchange, type FakeRequest } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { decodeJwt, importJwk, isSignedBy } from '../helpers/jwt.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const words = '--no-browser --flow device --name fake';
const bound = { access_token: 'bound-1', token_type: 'DPoP', expires_in: 3600, refresh_token: 'refresh-1' };

/** A server that challenges with DPoP, and accepts MCP requests with a proof. */
function wantsProofs(origin: string): Exchange[] {
  return [
    {
      want: 'POST /mcp',
      respond: ({ headers, body }) =>
        headers.dpop === undefined
          ? { status: 401, headers: { 'www-authenticate': `DPoP algs="ES256", resource_metadata="${origin}/prm"` } }
          : answer(body),
    },
    {
      want: 'POST /token',
      respond: ({ headers }) => (headers.dpop === undefined ? { status: 400, json: { error: 'invalid_dpop_proof' } } : { json: bound }),
    },
  ];
}

function answer(body: Record<string, unknown>) {
  const results: Record<string, unknown> = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'bound-server', version: '1' } },
    'tools/list': { tools: [] },
  };
  if (body['id'] === undefined) return { status: 202 };
  return { json: { jsonrpc: '2.0', id: body['id'], result: results[String(body['method'])] } };
}

/** The proof of a request, checked according to RFC 9449 section 4.3. */
function proofOf({ headers, line }: FakeRequest, origin: string, token?: string) {
  const proof = headers['dpop'];
  const { header, claims } = decodeJwt(proof);
  expect(header['typ']).toBe('dpop+jwt');
  expect(header['jwk']).not.toHaveProperty('d');
  expect(isSignedBy(proof, importJwk(header['jwk']))).toBe(true);
  const [method = '', path = ''] = line.split(' ');
  expect(claims).toMatchObject({ htm: method, htu: `${origin}${path}` });
  expect(claims['ath']).toBe(token === undefined ? undefined : createHash('sha256').update(token).digest('base64url'));
  return { key: JSON.stringify(header['jwk']), jti: String(claims['jti']), nonce: claims['nonce'] };
}

test('at a server that challenges with DPoP, the token is bound, every request has a proof, and the key is stored', async () => {
  const server = await fakeServer(wantsProofs);
  const store = temporaryStore();
  const login = run(`login ${server.url} ${words}`, { store });
  expect(await login.exit).toBe(0);
  expect(login.stderr).toContain('It is “bound-server 1”');
  expect(login.stderr).toContain('bound to a key in the store (DPoP)');

  const used = server.asked('POST /mcp').filter(({ headers }) => headers.dpop !== undefined);
  expect(used.length).toBeGreaterThanOrEqual(3);
  for (const { headers } of used) expect(headers.authorization).toBe('DPoP bound-1');
  const proofs = [
    ...server.asked('POST /token').map((request) => proofOf(request, server.origin)),
    ...used.map((request) => proofOf(request, server.origin, 'bound-1')),
  ];
  expect(new Set(proofs.map(({ key }) => key)).size).toBe(1);
  expect(new Set(proofs.map(({ jti }) => jti)).size).toBe(proofs.length);

  const { auth } = readStore(store).mcpServers.fake;
  // Not `bearer`: a program without DPoP support would send it as a bearer token.
  expect(auth).toMatchObject({ type: 'dpop', token: 'bound-1', dpop_key: { kty: 'EC', crv: 'P-256', alg: 'ES256' } });
});

test('a refresh uses the same key; token and list say that the token is DPoP-bound', async () => {
  const server = await fakeServer(wantsProofs);
  const store = temporaryStore();
  expect(await run(`login ${server.url} ${words} --no-verify`, { store }).exit).toBe(0);
  const token = run('token fake --min-ttl 99999', { store });
  expect(await token.exit).toBe(0);
  expect(token.stdout).toBe('bound-1\n');
  expect(token.stderr).toContain('accepts it only with a proof signed by that key');
  const [first, second] = server.asked('POST /token').map((request) => proofOf(request, server.origin));
  expect(second?.key).toBe(first?.key);
  expect(server.asked('POST /token')[1]?.body['grant_type']).toBe('refresh_token');
  const list = run('list --json', { store });
  expect(await list.exit).toBe(0);
  expect(JSON.parse(list.stdout)).toMatchObject([{ name: 'fake', auth: 'oauth (dpop)' }]);
  expect(list.stdout).not.toContain('"d"');
});

test('a nonce that the authorization server or the MCP server requires is put into a second proof (sections 8 and 9)', async () => {
  const server = await fakeServer((origin) => [
    {
      want: 'POST /mcp',
      respond: ({ headers, body }) => {
        const challenge = { status: 401, headers: { 'www-authenticate': `DPoP resource_metadata="${origin}/prm"` } };
        if (headers.dpop === undefined) return challenge;
        if (decodeJwt(headers.dpop).claims['nonce'] === 'n-mcp') return answer(body);
        return { status: 401, headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n-mcp' } };
      },
    },
    {
      want: 'POST /token',
      respond: ({ headers }) =>
        headers.dpop !== undefined && decodeJwt(headers.dpop).claims['nonce'] === 'n-mcp'
          ? { json: bound }
          : { status: 400, json: { error: 'use_dpop_nonce' }, headers: { 'dpop-nonce': 'n-mcp' } },
    },
  ]);
  const login = run(`login ${server.url} ${words}`, { store: temporaryStore() });
  expect(await login.exit).toBe(0);
  expect(login.stderr).toContain('bound-server');
  expect(server.asked('POST /token').map((request) => proofOf(request, server.origin).nonce)).toEqual([undefined, 'n-mcp']);
});

test('a server that never accepts the nonce ends the login', async () => {
  const server = await fakeServer((origin) => [
    ...wantsProofs(origin).slice(0, 1),
    { want: 'POST /token', respond: { status: 400, json: { error: 'use_dpop_nonce' }, headers: { 'dpop-nonce': 'again' } } },
  ]);
  const login = run(`login ${server.url} ${words}`, { store: temporaryStore() });
  expect(await login.exit).toBe(1);
  expect(server.asked('POST /token')).toHaveLength(2);
});

test.each([
  { supported: ['ES256', 'RS256'], algorithm: 'ES256' },
  { supported: ['EdDSA'], algorithm: 'EdDSA' },
  { supported: ['RS256'], algorithm: 'RS256' },
  { supported: undefined, algorithm: 'ES256' },
])('the key has an algorithm that the authorization server supports: $supported', async ({ supported, algorithm }) => {
  const server = await fakeServer((origin) => [
    ...wantsProofs(origin),
    {
      want: 'GET /.well-known/oauth-authorization-server',
      respond: { json: metadata(origin, { dpop_signing_alg_values_supported: supported }) },
    },
  ]);
  expect(await run(`login ${server.url} ${words}`, { store: temporaryStore() }).exit).toBe(0);
  for (const request of server.asked('POST /token')) {
    proofOf(request, server.origin);
    expect(decodeJwt(request.headers['dpop']).header['alg']).toBe(algorithm);
  }
});

test('without a common algorithm, the login ends before the user is sent to approve', async () => {
  const server = await fakeServer((origin) => [
    ...wantsProofs(origin),
    {
      want: 'GET /.well-known/oauth-authorization-server',
      respond: { json: metadata(origin, { dpop_signing_alg_values_supported: ['HS1'] }) },
    },
  ]);
  expect(await run(`login ${server.url} ${words}`, { store: temporaryStore() }).exit).toBe(1);
  expect(server.asked('POST /device')).toEqual([]);
});

test('DPoP is also used if only the metadata requires it, and the code is bound to the key too', async () => {
  const server = await fakeServer((origin) => [
    {
      want: 'GET /prm',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], dpop_bound_access_tokens_required: true } },
    },
    { want: 'POST /token', respond: { json: bound } },
  ]);
  const store = temporaryStore();
  const login = run(`login ${server.url} --no-browser --no-verify --flow paste --name fake`, { store, stdin: 'open' });
  const request = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m)).searchParams;
  login.type(`${request.get('redirect_uri')}?code=c&state=${request.get('state')}\n`);
  expect(await login.exit).toBe(0);
  const [token] = server.asked('POST /token');
  const { jwk } = decodeJwt(token?.headers['dpop']).header as { jwk: Record<string, string> };
  const thumbprint = createHash('sha256')
    .update(JSON.stringify({ crv: jwk['crv'], kty: jwk['kty'], x: jwk['x'], y: jwk['y'] }))
    .digest('base64url');
  expect(request.get('dpop_jkt')).toBe(thumbprint);
});

test('a Bearer challenge means no key, even if the authorization server supports DPoP', async () => {
  const server = await fakeServer((origin) => [
    {
      want: 'GET /.well-known/oauth-authorization-server',
      respond: { json: metadata(origin, { dpop_signing_alg_values_supported: ['ES256'] }) },
    },
  ]);
  const store = temporaryStore();
  expect(await run(`login ${server.url} ${words} --no-verify`, { store }).exit).toBe(0);
  expect(server.asked('POST /token')[0]?.headers).not.toHaveProperty('dpop');
  expect(readStore(store).mcpServers.fake.auth).not.toHaveProperty('dpop_key');
});
