/** RFC 9728: where the metadata of a server is, and which resource and scopes it names. */
import { expect, test } from 'vitest';
import { requestProtectedResource } from '../../src/oauth/protected-resource.js';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { answersFrom } from '../helpers/http.js';
import { bare401, fails, none, oauthAddress, reachesThePerson } from './discovering.js';

test('RFC 9728 section 5.1: the challenge points at the metadata', async () => {
  const { server, parameters } = await reachesThePerson(() => []);
  expect(server.asked('GET /prm')).toHaveLength(1);
  expect(parameters.get('resource')).toBe(server.url);
});

test('RFC 9728 section 3.1: without a pointer, the path’s well-known address, then the root’s', async () => {
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

test('MCP 2025-03-26: no protected-resource metadata at all: the server’s own origin, and its URL as the resource', async () => {
  const { server, parameters } = await reachesThePerson(() => [bare401]);
  expect(parameters.get('resource')).toBe(server.url);
});

test('MCP Scope Selection Strategy: the challenge’s scope wins over the metadata’s, which wins over none', async () => {
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

test('offline_access is asked for, with consent, where the authorization server lists it', async () => {
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
])('RFC 9728 section 3.3: metadata for $what is refused', async ({ resource }) => {
  const { code, said } = await fails((origin) => [
    { want: 'GET /prm', respond: { json: { resource: resource?.replace('ORIGIN', origin), authorization_servers: [origin] } } },
  ]);
  expect(code).toBe(1);
  expect(said).toContain('is for the resource');
});

test('RFC 8707 section 2: the resource is sent as the metadata spells it', async () => {
  const { server, parameters } = await reachesThePerson((origin) => [
    { want: 'GET /prm', respond: { status: 404 } },
    { want: 'GET /.well-known/oauth-protected-resource/mcp', respond: { json: { resource: origin, authorization_servers: [origin] } } },
  ]);
  expect(parameters.get('resource')).toBe(server.origin);
});

test('RFC 9728: a path above the server is its resource by the word of its origin alone, not of a document below the path', async () => {
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

test('several challenges in one header: the one that points at the metadata is followed', async () => {
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

test.each(['/prm', 'http://HOST/prm'])('a pointer that is %s means the server that was asked', async (pointer) => {
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

test('a server behind a proxy that does TLS for it gives its own address as plain http, and is asked by https', async () => {
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
])('$what at the first address moves on to the next', async ({ respond }) => {
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
