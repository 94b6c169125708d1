import type { Vendor } from './vendor.js';

export const stripe: Vendor = {
  name: 'Stripe',
  issuers: ['https://mcp.stripe.com', 'https://access.stripe.com/mcp'],
  isIssuer: ({ hostname }) => hostname === 'mcp.stripe.com' || hostname === 'access.stripe.com',
  needs: {},
  notes: [
    { value: 'It supports `resource` and loopback redirect URIs; its pages are at access.stripe.com.', source: 'stripe/ai#288' },
    { value: 'A Stripe API key is accepted as a token too.', source: 'modelcontextprotocol/use-mcp#3' },
  ],
};
