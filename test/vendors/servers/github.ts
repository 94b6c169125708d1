/** GitHub. */
import { named, oauth, secret, server, type VendorServer } from './server.js';

export const github: readonly VendorServer[] = [
  {
    vendor: 'GitHub',
    what: 'an OAuth app, with form-encoded responses',
    words: ['--client-id', 'Iv1.abc'],
    env: secret,
    says: /Required by GitHub: PKCE although it is not advertised/,
    ...server({
      mcp: 'https://api.githubcopilot.com/mcp/',
      resourceMetadata: named('https://api.githubcopilot.com/mcp/', 'https://github.com/login/oauth', {
        scopes_supported: ['repo', 'read:org'],
      }),
      metadata: {
        [`https://github.com${oauth}/login/oauth`]: {
          issuer: 'https://github.com/login/oauth',
          authorization_endpoint: 'https://github.com/login/oauth/authorize',
          token_endpoint: 'https://github.com/login/oauth/access_token',
        },
      },
      token: 'https://github.com/login/oauth/access_token',
      refusesToken: (form) =>
        form['client_secret'] === secret.MCP_AUTH_CLIENT_SECRET ? undefined : { text: 'error=incorrect_client_credentials' },
      shape: ({ access_token, refresh_token = '' }) => ({
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        text: `access_token=${access_token}&expires_in=28800&refresh_token=${refresh_token}&refresh_token_expires_in=15897600&scope=repo%2Cread%3Aorg&token_type=bearer`,
      }),
      rotates: true,
    }),
  },
];
