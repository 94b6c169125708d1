/** Servers that require a token without a 401, or have their metadata at other addresses. */
import { describe, expect, test } from 'vitest';
import { metadata, type Exchange, type Respond } from '../helpers/fake-server.js';
import { answerOf, guarded, guardedSse } from '../helpers/fake-mcp.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { logInByPaste } from '../helpers/paste.js';
import { fakeServer } from '../helpers/servers.js';

const absent = (want: string): Exchange => ({ want, respond: { status: 404 } });
const noResource: readonly Exchange[] = [absent('GET /prm')];

async function logInToServer(change: (origin: string) => Exchange[], at = '/mcp') {
  const server = await fakeServer((origin) => {
    const changed = change(origin);
    const asUsual = guarded({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/prm"` } });
    return changed.some(({ want }) => want === 'POST /mcp') ? changed : [asUsual, ...changed];
  });
  const store = temporaryStore();
  const { exit, command } = await logInByPaste([`${server.origin}${at}`, '--name', 'fake'], { store });
  return {
    server,
    ended: { exit, stderr: command.stderr, token: exit === 0 ? String(readStore(store).mcpServers.fake.auth.token) : undefined },
  };
}
const success = { exit: 0, token: 'access-1' };

const jsonRpcError = (message: string, code = -32_001): Respond => ({ json: { jsonrpc: '2.0', id: 0, error: { code, message } } });

describe('Only a 401 counts as a refusal', () => {
  test.each<{ form: string; refusal: Respond }>([
    { form: '400 with an OAuth error', refusal: { status: 400, json: { error: 'invalid_token' } } },
    { form: '400 with nothing', refusal: { status: 400 } },
    { form: '403 without a challenge', refusal: { status: 403, json: { message: 'Forbidden' } } },
    { form: '404', refusal: { status: 404, text: 'Not Found' } },
    { form: '405', refusal: { status: 405 } },
    { form: '406', refusal: { status: 406 } },
    { form: '500', refusal: { status: 500, text: 'NullPointerException' } },
    { form: '302 to a login page', refusal: { status: 302, headers: { location: '/login?next=/mcp' } } },
    { form: '303 to a login page', refusal: { status: 303, headers: { location: '/login' } } },
    { form: '307 to another host’s login page', refusal: { status: 307, headers: { location: 'https://sso.example/login' } } },
    { form: '200 with a JSON-RPC error', refusal: jsonRpcError('Unauthorized') },
    { form: '200 with a JSON-RPC error in other words', refusal: jsonRpcError('Please log in first') },
    { form: '200 with a JSON-RPC error that does not say why', refusal: jsonRpcError('Request rejected', -32_600) },
    {
      form: '200 with a JSON-RPC error as an event',
      refusal: {
        headers: { 'content-type': 'text/event-stream' },
        text: 'event: message\ndata: {"jsonrpc":"2.0","id":0,"error":{"code":-32001,"message":"Missing bearer token"}}\n\n',
      },
    },
  ])('$form', async ({ refusal }) => {
    const { ended } = await logInToServer(() => [guarded(refusal), ...noResource]);
    expect(ended).toMatchObject(success);
  });

  test('a server that does not mention a login gets a warning', async () => {
    const { ended } = await logInToServer(() => [guarded({ status: 404 }), ...noResource]);
    expect(ended).toMatchObject(success);
    expect(ended.stderr).toContain('responds with status 404 and does not ask for a login');
  });

  test.each<{ form: string; answer: Respond; says: RegExp; exit: number }>([
    { form: 'a server that lets us in', answer: answerOf, says: /does not require a login/, exit: 1 },
    { form: 'a page', answer: { text: '<html>' }, says: /does not respond like an MCP server/, exit: 1 },
    { form: 'a server that is down', answer: { status: 503 }, says: /failed with status 503/, exit: 6 },
  ])('$form does not require a login, whatever metadata its origin has', async ({ answer, says, exit }) => {
    const server = await fakeServer(() => [{ want: 'POST /mcp', respond: answer }, ...noResource]);
    const login = await logInByPaste([server.url], { store: temporaryStore() });
    expect(login.exit).toBe(exit);
    expect(login.command.stderr).toMatch(says);
  });

  test('without any metadata, the status is reported with a hint', async () => {
    const server = await fakeServer(() => [guarded({ status: 403 }), ...noResource, absent('GET /.well-known/oauth-authorization-server')]);
    const login = await logInByPaste([server.url], { store: temporaryStore() });
    expect(login.exit).toBe(1);
    expect(login.command.stderr).toContain('--issuer URL');
  });

  test.each([400, 404, 405, 406, 415])('a server of HTTP with SSE, which answers a POST with %i, is asked by GET', async (status) => {
    const { server, ended } = await logInToServer(
      (origin) => [
        { want: 'POST /sse', respond: { status } },
        ...guardedSse({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/sse-prm"` } }),
        { want: 'GET /sse-prm', respond: { json: { resource: `${origin}/sse`, authorization_servers: [origin] } } },
      ],
      '/sse',
    );
    expect(server.asked('GET /sse-prm').length).toBeGreaterThan(0);
    expect(ended).toMatchObject(success);
    expect(ended.stderr).toContain('has 1 tool');
  });
});

describe('Too few addresses', () => {
  const oauth = '/.well-known/oauth-authorization-server';
  const openid = '/.well-known/openid-configuration';
  const resourceOf = (authorizationServers: (origin: string) => unknown): ((origin: string) => Exchange) => {
    return (origin) => ({
      want: 'GET /prm',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: authorizationServers(origin) } },
    });
  };
  const named = resourceOf((origin) => [`${origin}/tenant/a`]);

  test.each([
    { form: 'the path inserted', at: `${oauth}/tenant/a` },
    { form: 'the OpenID path inserted', at: `${openid}/tenant/a` },
    { form: 'the OpenID path appended', at: `/tenant/a${openid}` },
    { form: 'the OAuth path appended', at: `/tenant/a${oauth}` },
    { form: 'at the origin', at: oauth },
    { form: 'at the origin, OpenID', at: openid },
  ])('metadata of an issuer with a path: $form', async ({ at }) => {
    const { ended } = await logInToServer((origin) => [
      named(origin),
      ...(at === oauth ? [] : [absent(`GET ${oauth}`)]),
      { want: `GET ${at}`, respond: { json: metadata(origin, { issuer: `${origin}/tenant/a` }) } },
    ]);
    expect(ended).toMatchObject(success);
  });

  test.each([`${oauth}/mcp`, `${openid}/mcp`, `/mcp${oauth}`, `/mcp${openid}`])('no issuer is named, metadata at %s', async (at) => {
    const { ended } = await logInToServer((origin) => [
      guarded({ status: 401 }),
      ...noResource,
      absent(`GET ${oauth}`),
      { want: `GET ${at}`, respond: { json: metadata(origin) } },
    ]);
    expect(ended).toMatchObject(success);
  });

  test.each([`${oauth}/mcp`, `${openid}/mcp`, `/mcp${oauth}`, `/mcp${openid}`])('the origin is named, metadata at %s', async (at) => {
    const { ended } = await logInToServer((origin) => [absent(`GET ${oauth}`), { want: `GET ${at}`, respond: { json: metadata(origin) } }]);
    expect(ended).toMatchObject(success);
  });

  test('metadata of another issuer at the origin is rejected', async () => {
    const server = await fakeServer((origin) => [named(origin)]);
    const login = await logInByPaste([server.url], { store: temporaryStore() });
    expect(login.exit).toBe(1);
    expect(login.command.stderr).toContain('An authorization server cannot speak for another one');
  });

  test.each<{ form: string; value: (origin: string) => unknown }>([
    { form: 'one text', value: (origin) => origin },
    { form: 'objects with an issuer', value: (origin) => [{ issuer: origin }] },
    { form: 'with space around it', value: (origin) => [` ${origin} `] },
    { form: 'next to values that are not text', value: (origin) => [null, 7, origin] },
  ])('authorization_servers as $form', async ({ value }) => {
    const { ended } = await logInToServer((origin) => [resourceOf(value)(origin)]);
    expect(ended).toMatchObject(success);
  });

  test.each([
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-protected-resource',
    '/mcp/.well-known/oauth-protected-resource',
  ])('protected-resource metadata at %s', async (at) => {
    const { ended } = await logInToServer((origin) => [
      guarded({ status: 401 }),
      { want: `GET ${at}`, respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/as`] } } },
      absent(`GET ${oauth}`),
      { want: `GET ${oauth}/as`, respond: { json: metadata(origin, { issuer: `${origin}/as` }) } },
    ]);
    expect(ended).toMatchObject(success);
  });
});
