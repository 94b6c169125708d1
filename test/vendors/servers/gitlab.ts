/** GitLab. */
import { named, oauth, server, simple, type VendorServer } from './server.js';

export const gitlab: readonly VendorServer[] = [
  {
    vendor: 'GitLab',
    what: 'gitlab.com',
    ...server({
      mcp: 'https://gitlab.com/api/v4/mcp',
      resourceMetadata: named('https://gitlab.com/api/v4/mcp', 'https://gitlab.com', { scopes_supported: ['mcp'] }),
      metadata: {
        [`https://gitlab.com${oauth}`]: simple('https://gitlab.com', {
          authorization_endpoint: 'https://gitlab.com/oauth/authorize',
          token_endpoint: 'https://gitlab.com/oauth/token',
          registration_endpoint: 'https://gitlab.com/oauth/register',
          scopes_supported: ['api', 'mcp'],
        }),
      },
      token: 'https://gitlab.com/oauth/token',
      registerAt: 'https://gitlab.com/oauth/register',
      refuses: (request) => (request.get('scope') === 'mcp' ? undefined : { error: 'invalid_scope' }),
      shape: (tokens) => ({ json: { ...tokens, token_type: 'bearer', expires_in: 7200, created_at: 1_700_000_000 } }),
      rotates: true,
    }),
  },
];
