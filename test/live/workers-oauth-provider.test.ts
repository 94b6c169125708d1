/**
 * Cloudflare's `@cloudflare/workers-oauth-provider`, which implements OAuth by itself and is what many public MCP servers
 * run on. What it does in another way than oidc-provider:
 *
 * - Issuer and resource share an origin. Its 401 has a challenge with a realm and a scope, and no body.
 * - Tokens are revoked at the token endpoint itself; the metadata says so.
 * - `token_type` is in lower case, and tokens hold colons.
 * - The answer to a token request names the `resource`, which no RFC has.
 * - A refresh token that was just spent is good until the new one is used, for clients that lost the answer.
 * - It can refuse public clients, and then lists no `none`: a client has to ask for a secret when it registers.
 * - The person is always sent to a page of the application's own; here it says yes to everything.
 */
import { OAuthProvider, AuthorizationError, type OAuthHelpers, type OAuthProviderOptions } from '@cloudflare/workers-oauth-provider';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readStore } from '../helpers/folder.js';
import { run } from '../helpers/run.js';
import { memoryKv } from './cloudflare-workers.js';
import { answerMcp, statusOf } from './mcp-endpoint.js';
import { serve } from './web-server.js';
import { endLive, live, liveAgain, type LiveServer } from './whole-life.js';

async function start(options: Partial<OAuthProviderOptions> = {}) {
  const kv = memoryKv();
  let provider: OAuthProvider | undefined;
  const origin = await serve((request, self) => {
    provider ??= createProvider(self, options);
    const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
    return provider.fetch(request, { OAUTH_KV: kv }, context);
  });
  const url = `${origin}/mcp`;
  const server: LiveServer = {
    url,
    approve: async (address) => (await fetch(address, { redirect: 'manual' })).headers.get('location') ?? '',
    status: (token) => statusOf(url, token),
  };
  return { ...server, kv };
}

function createProvider(origin: string, options: Partial<OAuthProviderOptions>): OAuthProvider {
  return new OAuthProvider({
    apiRoute: '/mcp',
    apiHandler: { fetch: (request: Request) => answerMcp(request) } as never,
    defaultHandler: { fetch: (request: Request, env: { OAUTH_PROVIDER: OAuthHelpers }) => consent(request, env.OAUTH_PROVIDER) } as never,
    authorizeEndpoint: '/authorize',
    tokenEndpoint: '/oauth/token',
    clientRegistrationEndpoint: '/oauth/register',
    scopesSupported: ['tools', 'offline_access'],
    requiredScopes: ['tools'],
    resourceMetadata: { resource: `${origin}/mcp`, authorization_servers: [origin] },
    onError: () => undefined,
    ...options,
  });
}

/** A consent page that approves everything. */
async function consent(request: Request, oauth: OAuthHelpers): Promise<Response> {
  if (new URL(request.url).pathname !== '/authorize') return new Response('Not found', { status: 404 });
  try {
    const asked = await oauth.parseAuthRequest(request);
    const { redirectTo } = await oauth.completeAuthorization({
      request: asked,
      userId: 'alice',
      metadata: {},
      scope: asked.scope,
      props: {},
    });
    return Response.redirect(redirectTo, 302);
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    return error.redirectTo ? Response.redirect(error.redirectTo, 302) : new Response(error.description, { status: 400 });
  }
}

test('a login lives: paste, refresh, a second login, logout', async () => {
  const server = await start();
  const life = await live(server);
  expect(life.request.get('scope')).toBe('tools offline_access');
  expect(life.response.get('iss')).toBe(new URL(server.url).origin);
  expect(life.first['revocation_endpoint']).toBe(life.first['token_endpoint']);
  expect(life.second['refresh_token']).not.toBe(life.first['refresh_token']);
  await liveAgain(server, life);
  await endLive(server, life);
});

test('a refresh whose answer was lost is made up for by the next one', async () => {
  const server = await start();
  const { store, first, second } = await live(server);
  const document = readStore(store);
  document.mcpServers.live.auth = { ...second, refresh_token: first['refresh_token'] };
  writeFileSync(store, JSON.stringify(document));
  const token = run('token live --min-ttl 99999', { store });
  expect(await token.exit, token.stderr).toBe(0);
  expect(await server.status(token.stdout.trim())).toBe(200);
});

test('where public clients are refused, a secret is asked for, kept, and used for every request', async () => {
  const server = await start({ disallowPublicClientRegistration: true });
  const life = await live(server);
  const [client] = Object.values(readStore(life.store).oauthClients as Record<string, Record<string, unknown>[]>).flat();
  expect(client).toMatchObject({
    token_endpoint_auth_method: 'client_secret_basic',
    client_secret: expect.stringMatching(/\S{16,}/) as string,
  });
  await endLive(server, life);
});

test('a registration that it has forgotten is found out before the person is sent there', async () => {
  const server = await start();
  const life = await live(server);
  for (const key of server.kv.entries.keys()) if (key.startsWith('client:')) server.kv.entries.delete(key);
  const login = run('login live --no-browser --flow paste', { store: life.store, stdin: 'open' });
  const address = await login.shown(/^(http:\S+client_id=\S+)$/m);
  expect(login.stderr).toContain('Registering again.');
  login.type(`${await server.approve(address)}\n`);
  expect(await login.exit, login.stderr).toBe(0);
});
