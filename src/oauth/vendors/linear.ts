import type { Vendor } from './vendor.js';

export const linear: Vendor = {
  name: 'Linear',
  issuers: ['https://mcp.linear.app'],
  isIssuer: ({ hostname }) => hostname === 'mcp.linear.app' || hostname === 'linear.app',
  needs: {},
  notes: [
    { value: 'A refresh token is replaced at each use; the one before is good for 30 minutes.', source: 'anthropics/claude-code#85236' },
    {
      value: 'It has refused a client-ID metadata document for a port that the document does not list.',
      source: 'anthropics/claude-code#47185',
    },
  ],
};
