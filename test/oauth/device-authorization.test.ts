/** The device authorization grant: RFC 8628. */
import { describe, expect, test } from 'vitest';
import type { Exchange, Respond } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';

const pending: Respond = { status: 400, json: { error: 'authorization_pending' } };
const slowDown: Respond = { status: 400, json: { error: 'slow_down' } };
const granted: Respond = { json: { access_token: 'access-1', token_type: 'Bearer', expires_in: 3600 } };

/** A device login in which the token endpoint sends these responses. `device` changes the device authorization response. */
async function polling(answers: Respond[], device: Record<string, unknown> = {}, more: Exchange[] = []) {
  const server = await fakeServer((origin) => [
    {
      want: 'POST /device',
      respond: {
        json: {
          device_code: 'device-1',
          user_code: 'WDJB-MJHT',
          verification_uri: `${origin}/activate`,
          expires_in: 600,
          interval: 5,
          ...device,
        },
      },
    },
    ...answers.map((respond) => ({ want: 'POST /token', respond })),
    ...more,
  ]);
  const store = temporaryStore({});
  const login = run(`login ${server.url} --no-browser --flow device --no-verify --name fake --timeout 100000`, { store });
  const code = await login.exit;
  return { server, login, code, store, intervals: login.clock.slept.map((milliseconds) => milliseconds / 1000) };
}

test('the requests of sections 3.1 and 3.4', async () => {
  const { server, code } = await polling([pending, granted]);
  expect(code).toBe(0);
  expect(server.asked('POST /device')[0]?.body).toEqual({ client_id: 'client-1', resource: server.url });
  expect(server.asked('POST /token')[0]?.body).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: 'device-1',
    client_id: 'client-1',
    resource: server.url,
  });
});

describe('the wait between polls (section 3.5)', () => {
  test.each([
    { what: 'the interval', answers: [pending, pending, granted], device: { interval: 7 }, intervals: [7, 7, 7] },
    { what: '5 s without an interval', answers: [pending, granted], device: { interval: undefined }, intervals: [5, 5] },
    {
      what: 'slow_down adds 5 s to every later wait',
      answers: [pending, slowDown, pending, slowDown, granted],
      device: {},
      intervals: [5, 5, 10, 10, 15],
    },
    { what: 'a lost request doubles the interval', answers: ['drop', pending, granted] as Respond[], device: {}, intervals: [5, 10, 10] },
    { what: 'a failing server doubles the interval', answers: [{ status: 503 }, granted], device: {}, intervals: [5, 10] },
    { what: 'an interval of 0', answers: [granted], device: { interval: 0 }, intervals: [5] },
    { what: 'a negative interval', answers: [granted], device: { interval: -1 }, intervals: [5] },
    { what: 'an interval that is a string', answers: [granted], device: { interval: '8' }, intervals: [8] },
    {
      what: 'a long interval, which a lost request does not shorten',
      answers: ['drop', granted] as Respond[],
      device: { interval: 120 },
      intervals: [30, 30, 30, 30, 30, 30, 30, 30],
    },
    { what: 'a huge interval', answers: [granted], device: { interval: 1e10 }, intervals: [30, 30] },
  ])('$what', async ({ answers, device, intervals }) => {
    const result = await polling(answers, device);
    expect(result.code).toBe(0);
    expect(result.intervals).toEqual(intervals);
  });
});

describe('the end of the polling', () => {
  test.each([
    { what: 'access_denied', answers: [pending, { status: 400, json: { error: 'access_denied' } }], code: 4 },
    { what: 'expired_token', answers: [{ status: 400, json: { error: 'expired_token' } }], code: 5 },
    { what: 'the expiry of the code', answers: [pending], code: 5 },
    { what: 'an invalid response', answers: [{ json: { hello: 'world' } }], code: 6 },
    { what: 'an error that does not mean waiting', answers: [{ status: 400, json: { error: 'invalid_request' } }], code: 1 },
  ])('$what: exit $code', async ({ answers, code }) => {
    const result = await polling(answers);
    expect(result.code).toBe(code);
    expect(readStore(result.store)).toEqual({});
  });
});

test.each(['unauthorized_client', 'unsupported_grant_type'])('%s at the device endpoint: reported, and paste continues', async (error) => {
  const server = await fakeServer(() => [{ want: 'POST /device', respond: { status: 400, json: { error } } }]);
  const login = run(`login ${server.url} --no-browser`, { store: temporaryStore() });
  await login.shown(/does not let this client use a device code: .*Continuing with paste/);
  await login.shown(/^http:\S+\/authorize\?\S+$/m);
  login.interrupt();
  expect(await login.exit).toBe(130);
});

test.each([
  { what: 'a bare 401', respond: { status: 401 } },
  { what: 'a bare 403', respond: { status: 403 } },
  { what: 'a 404', respond: { status: 404, text: '<html>' } },
  { what: 'a 405', respond: { status: 405 } },
  { what: 'invalid_request', respond: { status: 400, json: { error: 'invalid_request' } } },
  { what: 'a page', respond: { text: '<html>' } },
])('a device endpoint that does not work ($what) leaves paste', async ({ respond }) => {
  const server = await fakeServer(() => [{ want: 'POST /device', respond }]);
  const login = run(`login ${server.url} --no-browser`, { store: temporaryStore() });
  await login.shown(/Continuing with paste/);
  await login.shown(/^http:\S+\/authorize\?\S+$/m);
  login.interrupt();
  expect(await login.exit).toBe(130);
});

test('with --flow device, the login ends there', async () => {
  const server = await fakeServer(() => [{ want: 'POST /device', respond: { status: 400, json: { error: 'unauthorized_client' } } }]);
  const login = run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() });
  expect(await login.exit).toBe(1);
  expect(login.stderr).toContain('--flow paste');
});

test.each([
  { given: [], code: 0, polls: 200 },
  { given: ['--timeout', '600'], code: 5, polls: 120 },
])(
  'a code with a lifetime of half an hour can be approved for that long, unless --timeout is shorter: $given',
  async ({ given, code, polls }) => {
    const server = await fakeServer((origin) => [
      { want: 'POST /device', respond: { json: { device_code: 'd', user_code: 'A', verification_uri: `${origin}/x`, expires_in: 1800 } } },
      ...Array.from({ length: 199 }, () => ({ want: 'POST /token', respond: pending })),
      { want: 'POST /token', respond: granted },
    ]);
    const login = run(['login', server.url, '--no-browser', '--flow', 'device', '--no-verify', ...given], { store: temporaryStore() });
    expect(await login.exit).toBe(code);
    expect(Math.abs(server.asked('POST /token').length - polls)).toBeLessThanOrEqual(1);
  },
);

test.each([undefined, 0, 'soon'])('a code whose lifetime the server gives as %s can be approved', async (lifetime) => {
  const { code, login } = await polling([pending, granted], { expires_in: lifetime });
  expect(code, login.stderr).toBe(0);
});

test('a verification URI that is not an http(s) URL is rejected', async () => {
  const { code, login } = await polling([granted], { verification_uri: 'file:///etc/passwd' });
  expect(code).toBe(1);
  expect(login.stderr).toContain('The verification URI');
});

test('escape sequences in a user code are not printed', async () => {
  const { login } = await polling([granted], { user_code: 'AB\u001b[2J\u202eCD' });
  expect(login.stderr).toContain('AB[2JCD');
  expect(login.stderr).not.toContain('\u001b');
});
