import type { Vendor } from './vendor.js';

export const linear: Vendor = {
  name: 'Linear',
  issuers: ['https://mcp.linear.app'],
  isIssuer: ({ hostname }) => hostname === 'mcp.linear.app' || hostname === 'linear.app',
  needs: {},
  notes: [
    {
      value: 'A refresh token is replaced at each use; the previous one stays valid for 30 minutes.',
      source: 'anthropics/claude-code#85236',
    },
    {
      value: 'It has rejected a client ID metadata document because of a redirect URI port that the document does not list.',
      source: 'anthropics/claude-code#47185',
    },
  ],
};
