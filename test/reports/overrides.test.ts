/** Options that override discovery: each is stored with the server, shown, used at each refresh, and can be removed. */
import { describe, expect, test } from 'vitest';
import { answerOf } from '../helpers/fake-mcp.js';
import { metadata, type Exchange } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import {
  logInAgain,
  asUsual,
  doctorSays,
  listServer,
  logInTo,
  oauth,
  refreshLogin,
  server,
  withMetadata,
  expectSuccess,
} from './by-hand.js';

const absent = (want: string): Exchange => ({ want, respond: { status: 404 } });

describe('No override by hand', () => {
  test('--token-auth-method goes for a client that is there already, and for the refresh', async () => {
    const at = await server(withMetadata({ token_endpoint_auth_methods_supported: undefined }), () => ({
      want: 'POST /register',
      respond: { status: 201, json: { client_id: 'c', client_secret: 's' } },
    }));
    const store = temporaryStore();
    expectSuccess(await logInTo(at, store));
    expect(at.asked('POST /token')[0]?.headers.authorization).toBeDefined();
    expectSuccess(await logInAgain(store, ['--token-auth-method', 'client_secret_post']));
    expect(at.asked('POST /token').at(-1)?.body).toMatchObject({ client_secret: 's' });
    expect((await refreshLogin(at, store)).body).toMatchObject({ client_secret: 's' });
    expect(at.asked('POST /register')).toHaveLength(1);
  });

  test('--trust-issuer takes a template, whose place the address takes', async () => {
    const at = await server((origin) => withMetadata({ issuer: `${origin}/{tenantid}/v2.0` })(origin));
    const store = temporaryStore();
    expect((await logInTo(at, store)).exit).toBe(1);
    expectSuccess(await logInTo(at, store, ['--trust-issuer', `${at.origin}/{tenantid}/v2.0`]));
    expect(readStore(store).mcpServers.fake.auth.issuer).toBe(at.origin);
    expectSuccess(await logInAgain(store));
    expect((await logInAgain(store, ['--trust-issuer', 'default'])).exit).toBe(1);
  });

  test('--trust-resource takes metadata of another name, and asks for a token by that name', async () => {
    const named = (origin: string): Exchange => ({
      want: 'GET /prm',
      respond: { json: { resource: 'https://inner.example/mcp', authorization_servers: [origin] } },
    });
    const at = await server(named);
    const store = temporaryStore();
    const refused = await logInTo(at, store);
    expect(refused.exit).toBe(1);
    expect(refused.command.stderr).toContain('--trust-resource URL');
    const login = await logInTo(at, store, ['--trust-resource', 'https://inner.example/mcp']);
    expectSuccess(login);
    expect(login.request?.get('resource')).toBe('https://inner.example/mcp');
    const token = run('token fake', { store });
    expect(await token.exit, token.stderr).toBe(0);
    expectSuccess(await logInAgain(store));
    // Another name is another server.
    expect((await logInAgain(store, ['--trust-resource', 'https://inner.example/'])).exit).toBe(1);
  });

  test('--metadata-url is asked in place of all other addresses, and its issuer has to be the one that is named', async () => {
    const named = (origin: string): Exchange => ({
      want: 'GET /prm',
      respond: { json: { resource: `${origin}/mcp`, authorization_servers: [`${origin}/api/auth`] } },
    });
    const odd = (origin: string): Exchange => ({
      want: 'GET /odd/place.json',
      respond: { json: metadata(origin, { issuer: `${origin}/api/auth`, device_authorization_endpoint: undefined }) },
    });
    const at = await server(named, odd, () => absent(oauth));
    const store = temporaryStore();
    const refused = await logInTo(at, store);
    expect(refused.command.stderr).toContain('--metadata-url URL');
    expectSuccess(await logInTo(at, store, ['--metadata-url', `${at.origin}/odd/place.json`]));
    expectSuccess(await logInAgain(store));
    expect(await doctorSays(store)).toMatchObject({ exit: 0 });
    const nothing = await logInAgain(store, ['--metadata-url', `${at.origin}/nothing.json`]);
    expect(nothing.exit).toBe(1);
    expect(nothing.command.stderr).toContain('--metadata-url default');
    const other = await server(named, (origin) => ({
      want: 'GET /odd/place.json',
      respond: { json: metadata(origin, { issuer: 'https://other.example' }) },
    }));
    expect((await logInTo(other, temporaryStore(), ['--metadata-url', `${other.origin}/odd/place.json`])).exit).toBe(1);
  });

  test.each<{ form: string; probe: Exchange }>([
    { form: 'lets everybody begin', probe: { want: 'POST /mcp', respond: answerOf } },
    { form: 'answers with a page', probe: { want: 'POST /mcp', respond: { text: '<html>' } } },
    { form: 'answers with 404', probe: { want: 'POST /mcp', respond: { status: 404 } } },
  ])('--issuer where the server $form and names none', async ({ probe }) => {
    const authorization = await fakeServer((origin) => [withMetadata({})(origin)]);
    const at = await fakeServer(() => [probe, absent('GET /prm'), absent(oauth)]);
    const store = temporaryStore();
    const login = await logInTo(at, store, ['--issuer', authorization.origin, '--no-verify']);
    expectSuccess(login);
    expect(await listServer(store)).toMatchObject({ issuer: authorization.origin, login_options: { issuer: authorization.origin } });
    expectSuccess(await logInAgain(store, ['--no-verify']));
  });

  test('--issuer that the server does not name also requires --trust-issuer', async () => {
    const authorization = await fakeServer((origin) => [withMetadata({})(origin)]);
    const at = await server(withMetadata({}));
    const store = temporaryStore();
    const refused = await logInTo(at, store, ['--issuer', authorization.origin]);
    expect(refused.exit).toBe(2);
    expect(refused.command.stderr).toContain('--trust-issuer with the same URL');
    expectSuccess(await logInTo(at, store, ['--issuer', authorization.origin, '--trust-issuer', authorization.origin]));
    expect(readStore(store).mcpServers.fake.auth.issuer).toBe(authorization.origin);
  });

  test('--allow-missing-pkce-metadata is named in the hint, kept, passed by the doctor, and taken back', async () => {
    const at = await server(withMetadata({ code_challenge_methods_supported: undefined }));
    const store = temporaryStore();
    const refused = await logInTo(at, store);
    expect(refused.command.stderr).toContain('pass --allow-missing-pkce-metadata');
    expectSuccess(await logInTo(at, store, ['--allow-missing-pkce-metadata']));
    const second = await logInAgain(store);
    expectSuccess(second);
    expect(second.request?.get('code_challenge_method')).toBe('S256');
    expect(await listServer(store)).toMatchObject({ login_options: { allow_missing_pkce_metadata: true } });
    expect(await doctorSays(store)).toMatchObject({ exit: 0, said: expect.not.stringContaining('No login is possible') });
    expect((await logInAgain(store, ['--no-allow-missing-pkce-metadata'])).exit).toBe(1);
  });

  test('the doctor passes a login that works, though a new one could not be made', async () => {
    let isGone = false;
    const at = await fakeServer((origin) => [
      {
        want: oauth,
        respond: () =>
          isGone
            ? { json: metadata(origin, { code_challenge_methods_supported: ['plain'], device_authorization_endpoint: undefined }) }
            : { json: metadata(origin) },
      },
      asUsual(origin),
    ]);
    const store = temporaryStore();
    expectSuccess(await logInTo(at, store));
    isGone = true;
    const { exit, said } = await doctorSays(store);
    expect(said).toContain('The stored login still works');
    expect(exit).toBe(0);
  });
});
