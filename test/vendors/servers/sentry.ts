/** Sentry. */
import { named, oauth, server, simple, type VendorServer } from './server.js';

export const sentry: readonly VendorServer[] = [
  {
    vendor: 'Sentry',
    what: 'its own server, the resource with its path',
    ...server({
      mcp: 'https://mcp.sentry.dev/mcp',
      resourceMetadata: named('https://mcp.sentry.dev/mcp', 'https://mcp.sentry.dev', { scopes_supported: ['org:read'] }),
      metadata: {
        [`https://mcp.sentry.dev${oauth}`]: simple('https://mcp.sentry.dev', {
          authorization_endpoint: 'https://mcp.sentry.dev/oauth/authorize',
          token_endpoint: 'https://mcp.sentry.dev/oauth/token',
          registration_endpoint: 'https://mcp.sentry.dev/oauth/register',
        }),
      },
      token: 'https://mcp.sentry.dev/oauth/token',
      registerAt: 'https://mcp.sentry.dev/oauth/register',
      refuses: (request) => (request.get('resource') === 'https://mcp.sentry.dev/mcp' ? undefined : { error: 'invalid_target' }),
    }),
  },
];
