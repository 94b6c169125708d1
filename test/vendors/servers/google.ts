/** Google. */
import { has, named, oauth, openid, S256, secret, server, type VendorServer } from './server.js';

export const google: readonly VendorServer[] = [
  {
    vendor: 'Google',
    isAutomatic: true,
    what: 'Workspace, whose server accepts a session without a token',
    words: ['--client-id', 'desktop.apps.googleusercontent.com'],
    env: secret,
    says: /Required by Google: .*access_type=offline/,
    ...server({
      mcp: 'https://calendarmcp.googleapis.com/mcp/v1',
      isLazy: true,
      resourceMetadata: named('https://calendarmcp.googleapis.com/mcp/v1', 'https://accounts.google.com/', {
        scopes_supported: ['https://www.googleapis.com/auth/calendar'],
      }),
      metadata: Object.fromEntries(
        [oauth, openid].map((path) => [
          `https://accounts.google.com${path}`,
          {
            issuer: 'https://accounts.google.com',
            authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
            token_endpoint: 'https://oauth2.googleapis.com/token',
            device_authorization_endpoint: 'https://oauth2.googleapis.com/device/code',
            scopes_supported: ['openid', 'email', 'profile'],
            token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
            ...S256,
          },
        ]),
      ),
      token: 'https://oauth2.googleapis.com/token',
      refuses: (request) => (has(request, 'offline_access') ? { error: 'invalid_scope' } : undefined),
      givesRefreshToken: (request) => request.get('access_type') === 'offline' && request.get('prompt') === 'consent',
      refusesToken: (form) =>
        form['client_secret'] === secret.MCP_AUTH_CLIENT_SECRET
          ? undefined
          : { status: 400, json: { error: 'invalid_request', error_description: 'client_secret is missing.' } },
      shape: (tokens, form) => ({
        json: {
          ...tokens,
          ...(form['grant_type'] === 'refresh_token' && { refresh_token: undefined }),
          token_type: 'Bearer',
          expires_in: 3599,
        },
      }),
    }),
  },
];
