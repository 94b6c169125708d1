/** Login by device code, with a real authorization server and a real MCP server. */
import { describe, expect, test } from 'vitest';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { Person } from '../helpers/person.js';
import { run } from '../helpers/run.js';
import { fakeServer, realServers } from '../helpers/servers.js';

describe('device', () => {
  const code = /^([A-Z]{4}-[A-Z]{4})$/m;

  test('is chosen where the authorization server has it, and polls until the code is approved', async () => {
    const { authorizationServer, mcpServer } = await realServers();
    const store = temporaryStore();
    const login = run(`login ${mcpServer.url} --no-browser --name demo`, { store });
    await new Person().approveDevice(await login.shown(/^(http:\S+\/device)$/m), await login.shown(code));

    expect(await login.exit).toBe(0);
    expect(authorizationServer.log).toContain('grant device_code');
    expect(await authorizationServer.inspect(readStore(store).mcpServers.demo.auth.token)).toMatchObject({ audience: mcpServer.url });
    expect(new Set(login.clock.slept)).toEqual(new Set([5000]));
  });

  test('--json prints events, and nothing else on stdout', async () => {
    const { mcpServer } = await realServers();
    const login = run(`login ${mcpServer.url} --no-browser --name demo --json`, { store: temporaryStore() });
    await login.shown(code);
    const [event] = login.events;
    expect(event).toMatchObject({ event: 'device_code', expires_in: 600, interval: 5 });
    expect(event?.['verification_uri_complete']).toContain(String(event?.['user_code']));
    await new Person().approveDevice(String(event?.['verification_uri_complete']), '');
    expect(await login.exit).toBe(0);
    expect(login.events.at(-1)).toMatchObject({ event: 'logged_in', server: 'demo', scope: 'tools:call' });
    expect(login.events.at(-1)?.['expires_at']).toBeGreaterThan(Date.now() / 1000);
  });

  test('a denied code is exit 4 and leaves no login', async () => {
    const { mcpServer } = await realServers();
    const store = temporaryStore({});
    const login = run(`login ${mcpServer.url} --no-browser`, { store });
    await new Person().denyDevice(await login.shown(/^(http:\S+\/device)$/m), await login.shown(code));
    expect(await login.exit).toBe(4);
    expect(readStore(store)).toEqual({});
  });

  test('a code that is not approved expires: exit 5', async () => {
    const { mcpServer } = await realServers({ deviceCodeLife: 30 });
    const login = run(`login ${mcpServer.url} --no-browser`, { store: temporaryStore() });
    expect(await login.exit).toBe(5);
    expect(login.stderr).toContain('expired');
  });

  test('at a terminal, a code that has expired is followed by another, if the user wants one', async () => {
    const code = (origin: string, userCode: string) => ({
      want: 'POST /device',
      respond: { json: { device_code: userCode, user_code: userCode, verification_uri: `${origin}/x`, expires_in: 600 } },
    });
    const server = await fakeServer((origin) => [
      code(origin, 'AAAA-AAAA'),
      code(origin, 'BBBB-BBBB'),
      { want: 'POST /token', respond: { status: 400, json: { error: 'expired_token' } } },
      { want: 'POST /token', respond: { json: { access_token: 'a', token_type: 'Bearer' } } },
    ]);
    const login = run(`login ${server.url} --no-browser --no-qr --no-verify --flow device`, { store: temporaryStore(), stdin: 'terminal' });
    await login.shown(/^AAAA-AAAA$/m);
    await login.shown(/The code has expired[^]*\[n\] get a new code/);
    login.type('n');
    await login.shown(/^BBBB-BBBB$/m);
    expect(await login.exit).toBe(0);
    expect(server.asked('POST /token').map(({ body }) => body['device_code'])).toEqual(['AAAA-AAAA', 'BBBB-BBBB']);
  });

  test('--flow device says why where there is no device endpoint', async () => {
    const { authorizationServer, mcpServer } = await realServers({ device: false });
    const login = run(`login ${mcpServer.url} --no-browser --flow device`, { store: temporaryStore() });
    expect(await login.exit).toBe(1);
    expect(login.stderr).toContain('device: the authorization server has no device authorization endpoint');
    expect(authorizationServer.log).toEqual([]);
  });
});
