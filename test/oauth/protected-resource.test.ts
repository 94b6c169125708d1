/** Protected-resource metadata: RFC 9728. */
import { expect, test } from 'vitest';
import { requestProtectedResource } from '../../src/oauth/protected-resource.js';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { answersFrom } from '../helpers/http.js';
import { bare401, fails, none, oauthAddress, reachesThePerson } from './discovering.js';

test('the challenge names the metadata URL (RFC 9728 section 5.1)', async () => {
  const { server, parameters } = await reachesThePerson(() => []);
  expect(server.asked('GET /prm')).toHaveLength(1);
  expect(parameters.get('resource')).toBe(server.url);
});

test('without a metadata URL in the challenge, the well-known address of the path is tried, then that of the root', async () => {
  const { server } = await reachesThePerson((origin) => [
    bare401,
    none('GET /.well-known/oauth-protected-resource/mcp'),
    {
      want: 'GET /.well-known/oauth-protected-resource',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin] } },
    },
  ]);
  expect(server.asked('GET /.well-known/oauth-protected-resource/mcp')).toHaveLength(1);
});

test('without any protected-resource metadata: the server’s own origin, and its URL as the resource', async () => {
  const { server, parameters } = await reachesThePerson(() => [bare401]);
  expect(parameters.get('resource')).toBe(server.url);
});

test('the scope of the challenge takes precedence over that of the metadata', async () => {
  const withScopes = (origin: string): Exchange => ({
    want: 'GET /prm',
    respond: { json: { resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: ['read', 'write'] } },
  });
  const challenged = (origin: string): Exchange => ({
    want: 'POST /mcp',
    respond: { status: 401, headers: { 'www-authenticate': `Bearer scope="read", resource_metadata="${origin}/prm"` } },
  });
  expect((await reachesThePerson((origin) => [withScopes(origin), challenged(origin)])).parameters.get('scope')).toBe('read');
  expect((await reachesThePerson((origin) => [withScopes(origin)])).parameters.get('scope')).toBe('read write');
  expect((await reachesThePerson(() => [])).parameters.has('scope')).toBe(false);
});

test('offline_access is requested, with consent, if the authorization server lists it', async () => {
  const { parameters } = await reachesThePerson((origin) => [
    { want: oauthAddress, respond: { json: metadata(origin, { scopes_supported: ['openid', 'offline_access'] }) } },
  ]);
  expect(parameters.get('scope')).toBe('offline_access');
  expect(parameters.get('prompt')).toBe('consent');
});

test.each([
  { what: 'another server’s resource', resource: 'https://other.example/mcp' },
  { what: 'a sibling path', resource: 'ORIGIN/mc' },
  { what: 'a path below', resource: 'ORIGIN/mcp/below' },
  { what: 'no resource', resource: undefined },
])('metadata for $what is rejected (RFC 9728 section 3.3)', async ({ resource }) => {
  const { code, said } = await fails((origin) => [
    { want: 'GET /prm', respond: { json: { resource: resource?.replace('ORIGIN', origin), authorization_servers: [origin] } } },
  ]);
  expect(code).toBe(1);
  expect(said).toContain('is for the resource');
});

test('the resource is sent as written in the metadata (RFC 8707)', async () => {
  const { server, parameters } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { status: 404 } },
    { want: 'GET /.well-known/oauth-protected-resource/mcp', respond: { json: { resource: origin, authorization_servers: [origin] } } },
  ]);
  expect(parameters.get('resource')).toBe(server.origin);
});

test('only the origin may name a resource with a path above the server, not a document below that path', async () => {
  const claims = (origin: string): Exchange => ({
    want: 'GET /prm',
    respond: { json: { resource: origin, authorization_servers: [origin] } },
  });
  const { code, said } = await fails((origin) => [claims(origin)]);
  expect(code).toBe(1);
  expect(said).toContain('is for the resource');
  const own = (origin: string): Exchange => ({
    want: 'GET /.well-known/oauth-protected-resource',
    respond: { json: { resource: origin, authorization_servers: [origin] } },
  });
  const { server, parameters } = await reachesThePerson((origin) => [claims(origin), own(origin)]);
  expect(parameters.get('resource')).toBe(server.origin);
});

test('of several challenges in one header, the one with a metadata URL is used', async () => {
  const { server } = await reachesThePerson((origin) => [
    {
      want: 'POST /mcp',
      respond: {
        status: 401,
        headers: { 'www-authenticate': `Basic realm="x", Bearer realm="y", Bearer resource_metadata="${origin}/prm"` },
      },
    },
  ]);
  expect(server.asked('GET /prm')).toHaveLength(1);
});

test.each(['/prm', 'http://HOST/prm'])('the metadata URL %s means the server itself', async (pointer) => {
  const { server } = await reachesThePerson((origin) => [
    {
      want: 'POST /mcp',
      respond: {
        status: 401,
        headers: { 'www-authenticate': `Bearer resource_metadata="${pointer.replace('HOST', new URL(origin).host)}"` },
      },
    },
  ]);
  expect(server.asked('GET /prm')).toHaveLength(1);
});

test('a server behind a TLS proxy that names its own address as plain http is requested by https', async () => {
  const http = answersFrom(() => new Response('{}', { status: 404 }));
  const { signal } = new AbortController();
  const serverUrl = new URL('https://mcp.example/mcp');
  await requestProtectedResource({ serverUrl, challenged: 'http://mcp.example/prm' }, { http, signal });
  expect(http.asked[0]).toBe('https://mcp.example/prm');
  const elsewhere = requestProtectedResource({ serverUrl, challenged: 'http://other.example/prm' }, { http, signal });
  await expect(elsewhere).rejects.toThrow('plain http');
});

test.each([
  { what: '5xx', respond: { status: 502, text: 'Bad Gateway' } },
  { what: 'a page', respond: { text: '<html>' } },
  { what: 'JSON about something else', respond: { json: { error: 'no such route' } } },
  { what: 'a list', respond: { json: [] } },
  { what: 'a page of more than 1 MiB', respond: { text: 'x'.repeat(1024 * 1024 + 1) } },
])('after $what at the first address, the next one is tried', async ({ respond }) => {
  const { server } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond },
    { want: 'GET /.well-known/oauth-protected-resource/mcp', respond },
    {
      want: 'GET /.well-known/oauth-protected-resource',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/as`] } },
    },
    { want: 'GET /.well-known/oauth-authorization-server/as', respond: { json: metadata(origin, { issuer: `${origin}/as` }) } },
  ]);
  expect(server.asked('GET /.well-known/oauth-authorization-server/as')).toHaveLength(1);
});
