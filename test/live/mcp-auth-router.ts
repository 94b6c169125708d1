/**
 * The MCP SDK's own authorization server, `mcpAuthRouter`, with an in-memory provider behind it. What it does in another
 * way than oidc-provider:
 *
 * - It is the MCP server's own process: issuer and resource share an origin, and the issuer has a slash at its end.
 * - Its metadata offers no device endpoint and no `iss`; the answer to the person has none either.
 * - It lists `client_secret_post` and `none` for the token endpoint, and only `client_secret_post` for revocation, which
 *   takes a public client all the same.
 * - A client that does not ask for `none` gets a secret, and no word on how to use it: its metadata has to decide.
 * - The answer to a registration repeats what was sent, grants included that it does not know.
 * - Refresh tokens rotate if the provider does it; a spent one is `invalid_grant` with status 400.
 */
import { randomUUID } from 'node:crypto';
import { InvalidGrantError, InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import type { OAuthServerProvider } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import { mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import type { OAuthClientInformationFull, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import express from 'express';
import { listening } from '../helpers/listening.js';
import { answerMcp, statusOf } from './mcp-endpoint.js';
import type { LiveServer } from './whole-life.js';

interface Grant {
  readonly clientId: string;
  readonly scopes: string[];
  readonly resource: string | undefined;
  readonly challenge?: string;
}

/** Everything in memory, rotating refresh tokens, tokens for one resource only. */
function inMemoryProvider(): OAuthServerProvider & { clients: Map<string, OAuthClientInformationFull> } {
  const clients = new Map<string, OAuthClientInformationFull>();
  const codes = new Map<string, Grant>();
  const accessTokens = new Map<string, Grant>();
  const refreshTokens = new Map<string, Grant>();

  const issue = (grant: Grant): OAuthTokens => {
    const [access, refresh] = [`a-${randomUUID()}`, `r-${randomUUID()}`];
    accessTokens.set(access, grant);
    refreshTokens.set(refresh, grant);
    return { access_token: access, token_type: 'Bearer', expires_in: 3600, refresh_token: refresh, scope: grant.scopes.join(' ') };
  };
  const spend = (tokens: Map<string, Grant>, token: string, { client_id }: OAuthClientInformationFull): Grant => {
    const grant = tokens.get(token);
    tokens.delete(token);
    if (grant?.clientId !== client_id) throw new InvalidGrantError('unknown or spent');
    return grant;
  };
  return {
    clients,
    clientsStore: {
      getClient: (id) => clients.get(id),
      registerClient: (client) => {
        const full = { ...client, client_id: (client as OAuthClientInformationFull).client_id };
        clients.set(full.client_id, full);
        return full;
      },
    },
    authorize: (client, { state, scopes = [], codeChallenge, redirectUri, resource }, response) => {
      const code = randomUUID();
      codes.set(code, { clientId: client.client_id, scopes, resource: resource?.href, challenge: codeChallenge });
      const target = new URL(redirectUri);
      target.searchParams.set('code', code);
      if (state !== undefined) target.searchParams.set('state', state);
      response.redirect(target.href);
      return Promise.resolve();
    },
    challengeForAuthorizationCode: (_, code) => Promise.resolve(codes.get(code)?.challenge ?? ''),
    exchangeAuthorizationCode: (client, code) => Promise.resolve(issue(spend(codes, code, client))),
    exchangeRefreshToken: (client, token) => Promise.resolve(issue(spend(refreshTokens, token, client))),
    verifyAccessToken: (token) => {
      const grant = accessTokens.get(token);
      if (!grant) throw new InvalidTokenError('unknown');
      return Promise.resolve({ token, clientId: grant.clientId, scopes: grant.scopes, expiresAt: Date.now() / 1000 + 3600 });
    },
    revokeToken: (_, { token }) => {
      refreshTokens.delete(token);
      accessTokens.delete(token);
      return Promise.resolve();
    },
  };
}

export async function startRouter(): Promise<LiveServer & { provider: ReturnType<typeof inMemoryProvider>; seen: string[] }> {
  const app = express();
  const { origin } = await listening(app);
  const url = `${origin}/mcp`;
  const provider = inMemoryProvider();
  const seen: string[] = [];
  app.use((request, _, next) => {
    seen.push(`${request.method} ${request.path}`);
    next();
  });
  app.use(mcpAuthRouter({ provider, issuerUrl: new URL(origin), resourceServerUrl: new URL(url), scopesSupported: ['tools'] }));
  const resourceMetadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`;
  app.use('/mcp', requireBearerAuth({ verifier: provider, requiredScopes: ['tools'], resourceMetadataUrl }), express.text({ type: '*/*' }));
  app.all('/mcp', async (request, response) => {
    const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const body = request.method === 'POST' ? String(request.body) : undefined;
    const answer = await answerMcp(new Request(url, { method: request.method, headers, body }));
    response
      .status(answer.status)
      .set(Object.fromEntries(answer.headers))
      .send(await answer.text());
  });
  return {
    url,
    provider,
    seen,
    approve: async (address) => (await fetch(address, { redirect: 'manual' })).headers.get('location') ?? '',
    status: (token) => statusOf(url, token),
  };
}
