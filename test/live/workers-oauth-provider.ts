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
import { memoryKv } from './cloudflare-workers.js';
import { answerMcp, statusOf } from './mcp-endpoint.js';
import { serve } from './web-server.js';
import type { LiveServer } from './whole-life.js';

export async function startWorkersProvider(options: Partial<OAuthProviderOptions> = {}) {
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
