/** Deviating responses of authorization servers: tokens. */
import { describe, expect, test } from 'vitest';
import type { Respond } from '../helpers/fake-server.js';
import { readStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { logInToNewServer } from './answering.js';

describe('Judged after it was spent', () => {
  const tokens = { access_token: 'access-1', expires_in: 3600, refresh_token: 'refresh-1' };
  const form = 'access_token=access-1&token_type=bearer&refresh_token=refresh-1&expires_in=3600';
  test.each<{ shape: string; respond: Respond }>([
    ...[
      'user',
      'bot',
      'BearerToken',
      'JWT',
      'access_token',
      'Bearer ',
      'bearer_token',
      'urn:ietf:params:oauth:token-type:access_token',
      '',
      null,
      7,
    ].map((token_type) => ({
      shape: `token_type ${JSON.stringify(token_type)}`,
      respond: { json: { ...tokens, token_type } },
    })),
    { shape: 'no token_type', respond: { json: tokens } },
    { shape: 'status 201', respond: { status: 201, json: { ...tokens, token_type: 'bearer' } } },
    { shape: 'status 202', respond: { status: 202, json: { ...tokens, token_type: 'bearer' } } },
    { shape: 'in data', respond: { json: { code: 0, data: tokens } } },
    { shape: 'in a list', respond: { json: { data: [tokens] } } },
    { shape: 'in data.token', respond: { json: { data: { token: tokens } } } },
    { shape: 'in response.result.tokens', respond: { json: { response: { result: { tokens } } } } },
    { shape: 'in authed_user', respond: { json: { ok: true, authed_user: { ...tokens, token_type: 'user' } } } },
    {
      shape: 'in camel case',
      respond: { json: { accessToken: 'access-1', refreshToken: 'refresh-1', expiresIn: 3600, tokenType: 'Bearer' } },
    },
    { shape: 'in camel case, in data', respond: { json: { data: { accessToken: 'access-1', refreshToken: 'refresh-1' } } } },
    {
      shape: 'JSON as a text of JSON',
      respond: {
        headers: { 'content-type': 'application/json' },
        text: JSON.stringify(JSON.stringify({ ...tokens, token_type: 'bearer' })),
      },
    },
    { shape: 'JSON as a text in JSON', respond: { json: { data: JSON.stringify(tokens) } } },
    { shape: 'JSON as text/html', respond: { headers: { 'content-type': 'text/html' }, text: JSON.stringify(tokens) } },
    { shape: 'a form', respond: { headers: { 'content-type': 'application/x-www-form-urlencoded' }, text: form } },
    { shape: 'a form as text/plain', respond: { headers: { 'content-type': 'text/plain' }, text: form } },
    { shape: 'expires_in as text', respond: { json: { ...tokens, expires_in: '3600' } } },
    { shape: 'expires_in with a unit', respond: { json: { ...tokens, expires_in: '3600s' } } },
    { shape: 'an empty error next to it', respond: { json: { ...tokens, error: '', error_description: null } } },
  ])('tokens that come with $shape are taken', async ({ respond }) => {
    const { exit, command, store } = await logInToNewServer(() => [{ want: 'POST /token', respond }]);
    expect(exit, command.stderr).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ type: 'bearer', token: 'access-1', refresh_token: 'refresh-1' });
  });

  test.each(['mac', 'N_A', 'pop', 'dpop'])('a token of the type %s is not a bearer token', async (token_type) => {
    const { exit } = await logInToNewServer(() => [{ want: 'POST /token', respond: { json: { ...tokens, token_type } } }]);
    expect(exit).toBe(6);
  });

  test.each<{ what: string; answer: Record<string, unknown> }>([
    { what: 'another resource', answer: { access_token: 'access-2', token_type: 'bearer', resource: 'https://other.example/' } },
    { what: 'no access token', answer: { token_type: 'bearer' } },
    { what: 'a token that no header can hold', answer: { access_token: 'a b', token_type: 'bearer' } },
    { what: 'an unsupported token type', answer: { access_token: 'access-2', token_type: 'mac' } },
  ])('a refresh that answers with $what: the new refresh token is kept, since the old one is spent', async ({ answer }) => {
    let good = 'refresh-1';
    let isOdd = true;
    const { store, exit } = await logInToNewServer(() => [
      {
        want: 'POST /token',
        respond: ({ body }) => {
          if (body['grant_type'] !== 'refresh_token') return { json: { ...tokens, token_type: 'bearer' } };
          if (body['refresh_token'] !== good) return { status: 400, json: { error: 'invalid_grant' } };
          good = isOdd ? 'refresh-2' : 'refresh-3';
          return { json: { ...(isOdd ? answer : { access_token: 'access-3', token_type: 'bearer' }), refresh_token: good } };
        },
      },
    ]);
    expect(exit).toBe(0);
    expect(await run('refresh fake', { store }).exit).toBe(6);
    expect(readStore(store).mcpServers.fake.auth.refresh_token).toBe('refresh-2');
    isOdd = false;
    expect(await run('refresh fake', { store }).exit).toBe(0);
    expect(readStore(store).mcpServers.fake.auth).toMatchObject({ token: 'access-3', refresh_token: 'refresh-3' });
  });
});
