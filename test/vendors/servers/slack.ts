/** Slack. */
import { named, oauth, S256, server, type VendorServer } from './server.js';

export const slack: readonly VendorServer[] = [
  {
    vendor: 'Slack',
    what: 'another issuer, and the token in authed_user',
    words: ['--client-id', '123.456', '--redirect-uri', 'http://localhost:51235/callback'],
    ...server({
      mcp: 'https://mcp.slack.com/mcp',
      resourceMetadata: named('https://mcp.slack.com/mcp', 'https://mcp.slack.com'),
      metadata: {
        [`https://mcp.slack.com${oauth}`]: {
          issuer: 'https://slack.com',
          authorization_endpoint: 'https://slack.com/oauth/v2_user/authorize',
          token_endpoint: 'https://slack.com/api/oauth.v2.user.access',
          ...S256,
        },
      },
      token: 'https://slack.com/api/oauth.v2.user.access',
      refuses: (request) =>
        request.get('redirect_uri') === 'http://localhost:51235/callback' ? undefined : { page: 'redirect_uri did not match' },
      shape: (tokens, form) =>
        form['grant_type'] === 'refresh_token'
          ? { json: { ok: true, ...tokens, token_type: 'user', expires_in: 43_200 } }
          : {
              json: {
                ok: true,
                app_id: 'A1',
                authed_user: { id: 'U1', scope: 'search:read,chat:write', ...tokens, token_type: 'user', expires_in: 43_200 },
              },
            },
      rotates: true,
    }),
  },
];
