/** Auth0. */
import { has, named, oauth, server, simple, type VendorServer } from './server.js';

export const auth0: readonly VendorServer[] = [
  {
    vendor: 'Auth0',
    what: 'a tenant that requires an audience',
    words: ['--authorize-param', 'audience=https://mcp.contoso.example/mcp'],
    ...server({
      mcp: 'https://mcp.contoso.example/mcp',
      resourceMetadata: named('https://mcp.contoso.example/mcp', 'https://contoso.eu.auth0.com/'),
      metadata: {
        [`https://contoso.eu.auth0.com${oauth}`]: {
          ...simple('https://contoso.eu.auth0.com'),
          issuer: 'https://contoso.eu.auth0.com/',
          registration_endpoint: 'https://contoso.eu.auth0.com/oidc/register',
          scopes_supported: ['openid', 'offline_access'],
        },
      },
      token: 'https://contoso.eu.auth0.com/token',
      registerAt: 'https://contoso.eu.auth0.com/oidc/register',
      refuses: (request) =>
        request.has('audience') ? undefined : { error: 'access_denied', error_description: 'the userinfo audience is not allowed' },
      givesRefreshToken: (request) => has(request, 'offline_access'),
      rotates: true,
    }),
  },
];
