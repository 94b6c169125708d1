/** Stripe. */
import { named, oauth, server, simple, type VendorServer } from './server.js';

export const stripe: readonly VendorServer[] = [
  {
    vendor: 'Stripe',
    what: 'pages on another host',
    ...server({
      mcp: 'https://mcp.stripe.com/',
      resourceMetadata: named('https://mcp.stripe.com', 'https://access.stripe.com/mcp', { scopes_supported: ['mcp'] }),
      metadata: {
        [`https://access.stripe.com${oauth}/mcp`]: simple('https://access.stripe.com/mcp', {
          authorization_endpoint: 'https://access.stripe.com/mcp/oauth2/authorize',
          token_endpoint: 'https://access.stripe.com/mcp/oauth2/token',
          registration_endpoint: 'https://access.stripe.com/mcp/oauth2/register',
        }),
      },
      token: 'https://access.stripe.com/mcp/oauth2/token',
      registerAt: 'https://access.stripe.com/mcp/oauth2/register',
      refuses: (request) => (request.get('resource') === 'https://mcp.stripe.com' ? undefined : { page: 'no such resource' }),
    }),
  },
];
