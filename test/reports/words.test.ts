/** Deviating responses of authorization servers: error texts. */
import { describe, expect, test } from 'vitest';
import { rejectsRefreshToken, rejectsClientAuthentication } from '../../src/oauth/error-response.js';
import type { Respond } from '../helpers/fake-server.js';
import { readStore, temporaryStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { fakeServer } from '../helpers/servers.js';
import { storedLogin } from '../helpers/stored-login.js';
import { asUsual } from './answering.js';

describe('Words', () => {
  test.each<{ error: string; code: number; status?: number }>([
    ...['access_denied', 'authorization_declined', 'user_declined', 'user_denied', 'declined', 'accessDenied'].map((error) => ({
      error,
      code: 4,
    })),
    ...['expired_token', 'code_expired', 'device_code_expired', 'expired_device_code', 'ExpiredToken'].map((error) => ({ error, code: 5 })),
  ])('a device code that is answered with $error: exit $code', async ({ error, code }) => {
    const server = await fakeServer((origin) => [asUsual(origin), { want: 'POST /token', respond: { status: 400, json: { error } } }]);
    expect(await run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() }).exit).toBe(code);
  });

  test.each(['authorization_pending', 'authorizationPending', 'authorization pending', 'AUTHORIZATION_PENDING '])(
    '%j is waited for',
    async (error) => {
      const server = await fakeServer((origin) => [
        asUsual(origin),
        { want: 'POST /token', respond: { status: 400, json: { error } } },
        { want: 'POST /token', respond: { json: { access_token: 'access-1', token_type: 'bearer' } } },
      ]);
      expect(await run(`login ${server.url} --no-browser --flow device`, { store: temporaryStore() }).exit).toBe(0);
    },
  );

  const ended: { form: string; respond: Respond }[] = [
    { form: 'invalid_grant', respond: { status: 400, json: { error: 'invalid_grant' } } },
    { form: 'invalid_grant with 401', respond: { status: 401, json: { error: 'invalid_grant' } } },
    {
      form: 'unauthorized_client',
      respond: { status: 403, json: { error: 'unauthorized_client', error_description: 'refresh_token is invalid' } },
    },
    {
      form: 'invalid_request',
      respond: { status: 400, json: { error: 'invalid_request', error_description: 'The refresh token has expired' } },
    },
    { form: 'HubSpot', respond: { status: 400, json: { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token' } } },
    { form: 'an error as an object', respond: { status: 400, json: { error: { code: 'token_expired', message: 'expired' } } } },
    { form: 'a list of errors', respond: { status: 400, json: { errors: [{ code: 'INVALID', message: 'Refresh token not found' }] } } },
    { form: 'Slack', respond: { json: { ok: false, error: 'token_revoked' } } },
    { form: 'GitHub', respond: { json: { error: 'bad_refresh_token' } } },
    {
      form: 'Entra ID',
      respond: {
        status: 400,
        json: { error: 'invalid_request', error_description: 'AADSTS700082: The refresh token has expired due to inactivity.' },
      },
    },
    { form: 'interaction_required', respond: { status: 400, json: { error: 'interaction_required' } } },
    { form: 'plain words', respond: { status: 400, headers: { 'content-type': 'text/plain' }, text: 'Refresh token expired' } },
  ];
  const open: { form: string; respond: Respond; exit: number }[] = [
    { form: 'a 500 that says invalid_grant', respond: { status: 500, json: { error: 'invalid_grant' } }, exit: 3 },
    { form: 'a 503', respond: { status: 503 }, exit: 6 },
    { form: 'a 503 with a page', respond: { status: 503, text: '<html>refresh token expired</html>' }, exit: 6 },
    { form: 'a 429', respond: { status: 429, json: { error: 'rate_limited' } }, exit: 6 },
    {
      form: 'invalid_scope',
      respond: { status: 400, json: { error: 'invalid_scope', error_description: 'the refresh token is invalid for this scope' } },
      exit: 1,
    },
    { form: 'a wrong client', respond: { status: 401, json: { error: 'invalid_client' } }, exit: 3 },
    {
      form: 'server_error with 400',
      respond: { status: 400, json: { error: 'server_error', error_description: 'refresh token expired' } },
      exit: 6,
    },
    { form: 'a firewall', respond: { status: 403, text: '<html>Forbidden</html>' }, exit: 1 },
  ];

  async function refusing(respond: Respond) {
    const server = await fakeServer((origin) => [asUsual(origin), { want: 'POST /token', respond }]);
    const store = storedLogin(server, { token: 'access-0', expires_at: 1000, issued_at: 1 });
    const token = run('token fake', { store });
    return { exit: await token.exit, said: token.stderr, auth: readStore(store).mcpServers.fake.auth };
  }

  test.each(ended)('a refresh token that has ended, reported as $form: exit 3, and the command', async ({ respond }) => {
    const { exit, said, auth } = await refusing(respond);
    expect(exit, said).toBe(3);
    expect(said).toContain('mcp-auth login fake');
    expect(auth.ended_at).toBeTypeOf('number');
  });

  test.each(open)('$form does not end a login (exit $exit)', async ({ respond, exit: wanted }) => {
    const { exit, said, auth } = await refusing(respond);
    expect(exit, said).toBe(wanted);
    expect(auth).not.toHaveProperty('ended_at');
    expect(auth.refresh_token).toBe('refresh-0');
  });

  test('a failure of the server is reported in its own words', async () => {
    const { exit, said } = await refusing({
      status: 503,
      json: { error: 'server_error', error_description: 'The database is being moved' },
    });
    expect(exit).toBe(6);
    expect(said).toContain('The database is being moved');
  });

  test('a rejected request is not a rejected client, whatever its status', () => {
    expect(rejectsClientAuthentication({ error: 'authorization_pending', status: 401 })).toBe(false);
    expect(rejectsClientAuthentication({ error: 'unnamed error', status: 401 })).toBe(true);
  });

  test('what the words say of a refresh token is read whole', () => {
    expect(rejectsRefreshToken({ error: 'invalid_request', description: 'Missing parameter: refresh_token' })).toBe(false);
    expect(rejectsRefreshToken({ error: 'invalid_request', description: 'resource is invalid' })).toBe(false);
    expect(rejectsRefreshToken({ error: 'unsupported_grant_type', description: 'refresh_token is not valid here' })).toBe(false);
    expect(rejectsRefreshToken({ error: 'x', description: 'No such refresh token' })).toBe(true);
    expect(rejectsRefreshToken({ error: 'invalid_client', description: 'Unknown client for this refresh token' })).toBe(false);
    expect(
      rejectsRefreshToken({ error: 'unauthorized_client', description: 'The refresh_token grant type is invalid for this client' }),
    ).toBe(false);
    const failure = 'Could not refresh token: the answer of the upstream is invalid';
    expect(rejectsRefreshToken({ error: 'invalid_request', description: failure })).toBe(false);
    expect(rejectsRefreshToken({ error: 'invalid_request', description: 'Could not refresh the token: refresh token expired' })).toBe(true);
  });
});
