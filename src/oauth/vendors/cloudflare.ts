import { isInDomain, type Vendor } from './vendor.js';

/** Cloudflare's own servers. The many servers that are built on its library cannot be recognised by their hosts. */
export const cloudflare: Vendor = {
  name: 'Cloudflare',
  issuers: ['https://mcp.cloudflare.com', 'https://….mcp.cloudflare.com', 'https://….cloudflareaccess.com/…'],
  isIssuer: (issuer) => isInDomain(issuer, 'mcp.cloudflare.com') || isInDomain(issuer, 'cloudflareaccess.com'),
  needs: {},
  notes: [
    {
      value: 'The resource is compared exactly: use the whole URL, `https://mcp.cloudflare.com/mcp`.',
      source: 'cloudflare/mcp#183',
    },
    { value: 'Its authorization responses name their issuer (`iss`): paste the whole redirect URL.', source: 'cloudflare/mcp#183' },
    {
      value: 'A new login of the same user and client ends the previous one: each machine needs its own registration.',
      source: 'cloudflare/workers-oauth-provider docs/authorization-server.md',
    },
  ],
};
