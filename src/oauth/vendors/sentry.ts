import type { Vendor } from './vendor.js';

export const sentry: Vendor = {
  name: 'Sentry',
  issuers: ['https://mcp.sentry.dev'],
  isIssuer: ({ hostname }) => hostname === 'mcp.sentry.dev',
  needs: {},
  notes: [
    {
      value: 'The resource has a path: use the whole URL of the server, `https://mcp.sentry.dev/mcp`.',
      source: 'getsentry/sentry-mcp#839',
    },
    { value: 'A client ID metadata document must list the port of the redirect URI.', source: 'anthropics/claude-code#81643' },
  ],
};
