/** Cloudflare. */
import { named, oauth, server, simple, type VendorServer } from './server.js';

export const cloudflare: readonly VendorServer[] = [
  {
    vendor: 'Cloudflare',
    what: 'a resource that is compared exactly, and an issuer in the response',
    ...server({
      mcp: 'https://mcp.cloudflare.com/mcp',
      resourceMetadata: named('https://mcp.cloudflare.com/mcp', 'https://mcp.cloudflare.com'),
      metadata: {
        [`https://mcp.cloudflare.com${oauth}`]: simple('https://mcp.cloudflare.com', {
          authorization_response_iss_parameter_supported: true,
        }),
      },
      token: 'https://mcp.cloudflare.com/token',
      registerAt: 'https://mcp.cloudflare.com/register',
      refuses: (request) => (request.get('resource') === 'https://mcp.cloudflare.com/mcp' ? undefined : { error: 'invalid_target' }),
      refusesToken: (form) =>
        form['resource'] === 'https://mcp.cloudflare.com/mcp' ? undefined : { status: 400, json: { error: 'invalid_target' } },
      iss: 'https://mcp.cloudflare.com',
      rotates: true,
    }),
  },
];
