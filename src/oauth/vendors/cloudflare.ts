import { isInDomain, type Vendor } from './vendor.js';

/** Cloudflare's own servers; of the many that are built on its library, none is known by its host. */
export const cloudflare: Vendor = {
  name: 'Cloudflare',
  issuers: ['https://mcp.cloudflare.com', 'https://….mcp.cloudflare.com', 'https://….cloudflareaccess.com/…'],
  isIssuer: (issuer) => isInDomain(issuer, 'mcp.cloudflare.com') || isInDomain(issuer, 'cloudflareaccess.com'),
  needs: {},
  notes: [
    {
      value: 'The resource is compared to the letter: give the whole URL, `https://mcp.cloudflare.com/mcp`.',
      source: 'cloudflare/mcp#183',
    },
    { value: 'Its answers name their issuer (`iss`): paste the whole address.', source: 'cloudflare/mcp#183' },
    {
      value: 'A new login of the same person and client ends the one before: two machines want two registrations.',
      source: 'cloudflare/workers-oauth-provider docs/authorization-server.md',
    },
  ],
};
