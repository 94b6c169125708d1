/** A login for an app of MCP 2026-07-28, whose requests stand on their own. */
import { expect, test } from 'vitest';
import {
  loginServer,
  openApp,
  serverTools,
  storeWithLogin,
  storeWithout,
  textOf,
  urlCapability,
  type App,
} from '../../helpers/app-session.js';
import type { FakeRequest, Respond } from '../../helpers/fake-server.js';

const version = '2026-07-28';
const meta = {
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientInfo': { name: 'app', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': urlCapability,
};
const withoutUrls = { ...meta, 'io.modelcontextprotocol/clientCapabilities': {} };
const discovered = { resultType: 'complete', supportedVersions: [version], capabilities: { tools: {} }, serverInfo: { name: 'new' } };

/** What a server of that version responds. */
function respond({ body: { id, method, params } }: FakeRequest): Respond {
  if (method === 'server/discover') return { json: { jsonrpc: '2.0', id, result: discovered } };
  if (method === 'tools/list') return { json: { jsonrpc: '2.0', id, result: { resultType: 'complete', tools: serverTools } } };
  if (method === 'tools/call') return { json: { jsonrpc: '2.0', id, result: { resultType: 'complete', got: params } } };
  return { json: { jsonrpc: '2.0', id, result: { resultType: 'complete', method } } };
}

async function openStateless({ hasLogin = false } = {}) {
  const server = await loginServer();
  server.answer = respond;
  const store = hasLogin ? storeWithLogin(server) : storeWithout(server);
  return { server, store, app: await openApp(store, { isOpen: false }) };
}

/** Calls a tool and resolves to the `input_required` result. */
async function callInVain(app: App) {
  const { result } = await app.ask('tools/call', { name: 'greet', _meta: meta });
  return result as { resultType: string; requestState: string; inputRequests: Record<string, unknown> };
}

const answerWith = (action: string, requestState: string) => ({
  name: 'greet',
  _meta: meta,
  inputResponses: { mcp_auth_login: { action } },
  requestState,
});

test('a call is answered with the address and the code as required input', async () => {
  const { server, app } = await openStateless();
  expect(await callInVain(app)).toEqual({
    resultType: 'input_required',
    requestState: expect.stringMatching(/^\w+$/) as string,
    inputRequests: {
      mcp_auth_login: {
        method: 'elicitation/create',
        params: { mode: 'url', url: `${server.origin}/activate`, message: expect.stringContaining('WDJB-MJH1') as string },
      },
    },
  });
});

test('accepted: the repeated call is held until the approval, and the server sees nothing of the dialog', async () => {
  const { server, app } = await openStateless();
  const { requestState } = await callInVain(app);
  const repeated = app.ask('tools/call', answerWith('accept', requestState));
  await app.clock.waitForAlarm(50_000);
  expect(server.calls()).toEqual([]);
  await app.approve(server);
  expect((await repeated).result).toEqual({ resultType: 'complete', got: { name: 'greet', _meta: meta } });
  // This version has neither of them.
  expect(app.messages()).toEqual([]);
});

test('accepted after the approval: the server sees nothing of the dialog, either', async () => {
  const { server, app } = await openStateless();
  const { requestState } = await callInVain(app);
  await app.approve(server);
  await expect.poll(async () => (await app.ask('tools/list', { _meta: meta })).result?.['tools']).toEqual(serverTools);
  const { result } = await app.ask('tools/call', answerWith('accept', requestState));
  expect(result).toEqual({ resultType: 'complete', got: { name: 'greet', _meta: meta } });
});

test.each(['decline', 'cancel'])('%s: the result has the address and the code, and the call is not made', async (action) => {
  const { server, app } = await openStateless();
  const { requestState } = await callInVain(app);
  const answer = await app.ask('tools/call', answerWith(action, requestState));
  expect(answer.result).toMatchObject({ resultType: 'complete', isError: true });
  expect(textOf(answer).text).toContain(`${server.origin}/activate\nand to enter the code: WDJB-MJH1`);
  expect(server.calls()).toEqual([]);
});

test('a state of another attempt counts as no answer: the call is held for a short time', async () => {
  const { app } = await openStateless();
  await callInVain(app);
  const repeated = app.ask('tools/call', answerWith('decline', 'another'));
  await app.clock.waitForAlarm(20_000);
  app.clock.advance(20_000);
  expect(textOf(await repeated).text).toContain('not approved yet');
});

test('an app that cannot show a URL gets the address in the result of the tool', async () => {
  const { server, app } = await openStateless();
  const answer = await app.ask('tools/call', { name: 'log_in', _meta: withoutUrls });
  expect(answer.result?.['resultType']).toBe('complete');
  expect(textOf(answer)).toEqual({ isError: false, text: expect.stringContaining(`${server.origin}/activate`) as string });
});

test('results have the members of the version, and lists are not cached', async () => {
  const { app } = await openStateless();
  const listed = await app.ask('tools/list', { _meta: meta });
  expect(listed.result).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
  expect((await app.ask('ping', { _meta: meta })).result).toEqual({ resultType: 'complete' });
  // A request of an older version has none of them.
  expect((await app.ask('ping')).result).toEqual({});
});

test('server/discover: not supported until the server was seen with it, then as it was, with changing tools', async () => {
  const { server, store, app } = await openStateless();
  expect((await app.ask('server/discover', { _meta: meta })).error?.code).toBe(-32_601);
  const call = app.call('log_in');
  await call;
  await app.approve(server);
  await app.clock.passUntil(expect.poll(async () => (await app.ask('server/discover', { _meta: meta })).result).toEqual(discovered), 1);
  await app.end();
  server.valid.clear();
  const later = await openApp(store, { isOpen: false });
  const { result } = await later.ask('server/discover', { _meta: meta });
  expect(result).toMatchObject({ supportedVersions: [version], serverInfo: { name: 'new' }, ttlMs: 0, cacheScope: 'private' });
  expect(result?.['capabilities']).toEqual({ tools: { listChanged: true } });
  expect(result?.['instructions']).toContain('log_in');
});

test('a subscription is confirmed at once, told of the tools after the login, and then opened at the server', async () => {
  const { server, app } = await openStateless();
  // The bridge has to know first that there is no login.
  await app.ask('tools/list', { _meta: meta });
  const notifications = { toolsListChanged: true };
  app.say({ id: 'sub', method: 'subscriptions/listen', params: { _meta: meta, notifications } });
  const id = { 'io.modelcontextprotocol/subscriptionId': 'sub' };
  expect(await app.heard('notifications/subscriptions/acknowledged')).toMatchObject({ params: { _meta: id, notifications } });
  await app.ask('tools/call', { name: 'log_in', _meta: withoutUrls });
  expect(app.messages()).toHaveLength(1);
  await app.approve(server);
  expect(await app.heard('notifications/tools/list_changed')).toMatchObject({ params: { _meta: id } });
  await expect.poll(() => server.requests.filter(({ body }) => body['method'] === 'subscriptions/listen').at(-1)?.body['id']).toBe('sub');
});

test('a subscription that was confirmed here is not confirmed again by the server', async () => {
  const { server, app } = await openStateless();
  const ofServer = { 'io.modelcontextprotocol/subscriptionId': 'sub', from: 'server' };
  const notify = (method: string, params: object) => `data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`;
  server.answer = (request) => {
    if (request.body['method'] !== 'subscriptions/listen') return respond(request);
    const confirmation = notify('notifications/subscriptions/acknowledged', { _meta: ofServer, notifications: {} });
    // Only the confirmation is left out, once.
    const other = notify('notifications/message', { data: 'notifications/subscriptions/acknowledged' });
    return { headers: { 'content-type': 'text/event-stream' }, text: `${confirmation}${other}${confirmation}` };
  };
  await app.ask('tools/list', { _meta: meta });
  app.say({ id: 'sub', method: 'subscriptions/listen', params: { _meta: meta, notifications: {} } });
  await app.ask('tools/call', { name: 'log_in', _meta: withoutUrls });
  await app.approve(server);
  await app.heard('notifications/message');
  const confirmations = () => app.messages().filter(({ method }) => method === 'notifications/subscriptions/acknowledged');
  await expect.poll(confirmations).toHaveLength(2);
  const metaOf = ({ params }: { params?: unknown }) => (params as { _meta: object })._meta;
  expect(confirmations().map(metaOf)).toEqual([{ 'io.modelcontextprotocol/subscriptionId': 'sub' }, ofServer]);
  expect(app.messages().map(({ method }) => method)).toEqual([
    'notifications/subscriptions/acknowledged',
    'notifications/tools/list_changed',
    'notifications/message',
    'notifications/subscriptions/acknowledged',
  ]);
});

test('a call that requires more scopes asks for the login in its result, and is made when it is repeated', async () => {
  const { server, app } = await openStateless({ hasLogin: true });
  const isEnough = () => server.asked('POST /device').some(({ body }) => String(body['scope']).split(' ').includes('write'));
  const challenge = 'Bearer error="insufficient_scope", scope="write"';
  server.answer = (request) =>
    request.body['method'] === 'tools/call' && !isEnough() ? { status: 403, headers: { 'www-authenticate': challenge } } : respond(request);
  const { requestState, inputRequests } = await callInVain(app);
  expect(inputRequests).toHaveProperty('mcp_auth_login.params.url', `${server.origin}/activate`);
  const repeated = app.ask('tools/call', answerWith('accept', requestState));
  await app.approve(server);
  expect((await repeated).result).toEqual({ resultType: 'complete', got: { name: 'greet', _meta: meta } });
});
