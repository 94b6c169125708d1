import type { Vendor } from './vendor.js';

export const hubspot: Vendor = {
  name: 'HubSpot',
  issuers: ['https://mcp.hubspot.com'],
  isIssuer: ({ hostname }) => hostname === 'mcp.hubspot.com',
  needs: {
    registration: {
      value:
        'HubSpot does not support dynamic client registration: create an MCP auth app in your account, with a redirect URI, and pass --client-id ID --redirect-uri URI, with its secret in MCP_AUTH_CLIENT_SECRET.',
      source: 'vstorm-co/agenticos#1620, preset-io/agor#1957',
    },
  },
  notes: [
    {
      value:
        'The secret must be in the request body. A refresh token that is no longer valid is reported as `BAD_REFRESH_TOKEN`, without an `error`.',
      source: 'n8n-io/n8n#35096, https://nango.dev/blog/hubspot-oauth-bad-refresh-token',
    },
  ],
};
