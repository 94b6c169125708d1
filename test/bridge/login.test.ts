/** The bridge between an app on stdio and a remote server: its token, and what happens when the server refuses it. */
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { serverOf, json, answerTo, withSession, bridged, hello } from '../helpers/bridged.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { storedLogin } from '../helpers/stored-login.js';

describe('the login', () => {
  test('a token that has expired is renewed before the request', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') json(response, { access_token: 'new', token_type: 'Bearer', expires_in: 3600, refresh_token: 'r2' });
      else json(response, answerTo(seen, { token: seen.headers.authorization }));
    });
    const store = storedLogin(server, { expires_at: 1 });
    const { ask, end } = bridged(store);
    expect((await ask('initialize', hello)).result).toEqual({ token: 'Bearer new' });
    await end();
    expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('r2');
  });

  test('a 401 leads to one renewal, whatever the clock says', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') json(response, { access_token: 'new', token_type: 'Bearer', expires_in: 3600 });
      else if (seen.headers.authorization === 'Bearer new') json(response, answerTo(seen, { in: true }));
      else response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
    });
    const { ask, end } = bridged(storedLogin(server));
    expect((await ask('initialize', hello)).result).toEqual({ in: true });
    await end();
    expect(server.seen.filter(({ url }) => url === '/token')).toHaveLength(1);
  });

  test('a new token that was accepted and is rejected later is renewed like any other', async () => {
    let count = 0;
    let known = '';
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') {
        known = `t${(count += 1)}`;
        json(response, { access_token: known, token_type: 'Bearer', expires_in: 3600 });
      } else if (seen.headers.authorization === `Bearer ${known}`) json(response, answerTo(seen, { in: true }));
      else response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
    });
    const { ask, end } = bridged(storedLogin(server));
    expect((await ask('initialize', hello)).result).toEqual({ in: true });
    // The server has been restarted and does not know the token.
    known = '';
    expect((await ask('tools/list')).result).toEqual({ in: true });
    await end();
    expect(count).toBe(2);
  });

  test('a server that rejects new tokens, too: one error per request, with the command to run', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.url === '/token') json(response, { access_token: `t${Math.random()}`, token_type: 'Bearer', expires_in: 3600 });
      else response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    });
    const { ask, end } = bridged(storedLogin(server), 'bridge fake --no-login');
    expect((await ask('initialize', hello)).error).toMatchObject({
      code: -32001,
      // Without the name, which Claude Code would redact.
      message: 'This server rejects the stored login. Run: mcp-auth login',
      data: { code: 'login_needed', hint: 'Run: mcp-auth login fake' },
    });
    expect(server.posts()).toHaveLength(2);
    await end();
  });

  test('--no-login: initialize is answered with the command to run, and works as soon as a login is stored', async () => {
    const server = await serverOf((seen, response) => {
      if (seen.headers.authorization === 'Bearer later') json(response, answerTo(seen, { in: true }));
      else response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    });
    for (const how of ['fake', server.url]) {
      const store = temporaryStore({ mcpServers: { fake: { type: 'http', url: server.url } } });
      const { ask, end } = bridged(store, `bridge ${how} --no-login`);
      const { error } = await ask('initialize', hello);
      expect(error).toMatchObject({ code: -32001, data: { code: 'login_needed', hint: `Run: mcp-auth login ${how}` } });
      writeFileSync(
        store,
        JSON.stringify({ mcpServers: { fake: { type: 'http', url: server.url, auth: { type: 'bearer', token: 'later' } } } }),
      );
      expect((await ask('initialize', hello)).result).toEqual({ in: true });
      await end();
    }
  });

  test.each(['bridge fake --no-login', 'bridge URL --no-login'])(
    '%s: headers that are stored together with the login are sent from then on',
    async (line) => {
      const server = await serverOf((seen, response) => {
        if (seen.method !== 'POST') response.writeHead(405).end();
        else if (seen.headers.authorization === undefined) response.writeHead(401).end();
        else json(response, answerTo(seen, { tenant: seen.headers['x-tenant'] }));
      });
      const store = temporaryStore({ mcpServers: { fake: { url: server.url } } });
      const { ask, end } = bridged(store, line.replace('URL', server.url));
      expect((await ask('initialize', hello)).error?.data?.code).toBe('login_needed');
      const auth = { type: 'bearer', token: 't', expires_at: 4_000_000_000 };
      writeFileSync(store, JSON.stringify({ mcpServers: { fake: { url: server.url, headers: { 'X-Tenant': 'acme' }, auth } } }));
      expect((await ask('initialize', hello)).result).toEqual({ tenant: 'acme' });
      await end();
    },
  );

  test('a server that requires no login is bridged, too', async () => {
    const server = await serverOf((seen, response) => json(response, answerTo(seen, { open: seen.headers.authorization ?? 'no token' })));
    const { ask, end } = bridged(temporaryStore(), `bridge ${server.url}`);
    expect((await ask('initialize', hello)).result).toEqual({ open: 'no token' });
    await end();
  });

  test('a 403 that requires more scopes is answered with the command that requests them', async () => {
    const server = await withSession((_, response) =>
      response.writeHead(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="files:write x'$(id)"` }).end(),
    );
    const { ask, end } = bridged(storedLogin(server), 'bridge fake --no-login');
    await ask('initialize', hello);
    const { error } = await ask('tools/call');
    expect(error?.code).toBe(-32001);
    const challenge = `--challenge 'Bearer error="insufficient_scope", scope="files:write x$(id)"'`;
    expect(error?.message).toBe(`This server requires more scopes than the stored login has. Run: mcp-auth login ${challenge}`);
    expect(error?.data?.hint).toBe(`Run: mcp-auth login fake ${challenge}`);
    await end();
  });

  test('a redirect to another origin is not followed: the token is not for it', async () => {
    const elsewhere = await serverOf((seen, response) => json(response, answerTo(seen)));
    const server = await serverOf((_, response) => response.writeHead(307, { location: `${elsewhere.origin}/mcp` }).end());
    const { ask, end } = bridged(storedLogin(server));
    expect((await ask('initialize', hello)).error?.message).toContain('redirects to “');
    expect(elsewhere.seen).toEqual([]);
    await end();
  });
});
