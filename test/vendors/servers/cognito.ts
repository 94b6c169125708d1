/** Amazon Cognito. */
import { has, named, openid, type Page, server, type VendorServer } from './server.js';

export const cognito: readonly VendorServer[] = [
  {
    vendor: 'Amazon Cognito',
    what: 'a user pool, and a server without scopes',
    words: ['--client-id', 'pool-client', '--resource', 'none'],
    says: /Required by Amazon Cognito: no offline_access, PKCE although it is not advertised/,
    ...server({
      mcp: 'https://mcp.contoso.example/mcp',
      resourceMetadata: named('https://mcp.contoso.example/mcp', 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf'),
      metadata: {
        [`https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf${openid}`]: {
          issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf',
          authorization_endpoint: 'https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/authorize',
          token_endpoint: 'https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/token',
          scopes_supported: ['openid', 'email', 'phone', 'profile', 'offline_access'],
          token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        },
      },
      token: 'https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/token',
      refuses: (request): Page | undefined => {
        if (has(request, 'offline_access') || has(request, 'phone')) return { error: 'invalid_scope' };
        // A code without a scope is useless.
        return request.has('scope') ? undefined : { code: 'dead' };
      },
      shape: (tokens, form) => ({
        json: {
          ...tokens,
          ...(form['grant_type'] === 'refresh_token' && { refresh_token: undefined }),
          token_type: 'Bearer',
          expires_in: 3600,
        },
      }),
    }),
  },
];
