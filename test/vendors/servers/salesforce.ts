/** Salesforce. */
import { has, named, oauth, S256, server, type VendorServer } from './server.js';

export const salesforce: readonly VendorServer[] = [
  {
    vendor: 'Salesforce',
    what: 'metadata of login.salesforce.com, and no token lifetime',
    words: ['--client-id', '3MVG9', '--redirect-uri', 'http://localhost:51236/callback', '--scope', 'mcp_api refresh_token'],
    ...server({
      mcp: 'https://api.salesforce.com/platform/mcp/v1/platform/sobject-all',
      resourceMetadata: named(
        'https://api.salesforce.com/platform/mcp/v1/platform/sobject-all',
        'https://api.salesforce.com:443/platform/mcp/v1/platform/sobject-all',
      ),
      metadata: {
        [`https://api.salesforce.com${oauth}/platform/mcp/v1/platform/sobject-all`]: {
          issuer: 'https://login.salesforce.com',
          authorization_endpoint: 'https://login.salesforce.com/services/oauth2/authorize',
          token_endpoint: 'https://login.salesforce.com/services/oauth2/token',
          ...S256,
        },
      },
      token: 'https://login.salesforce.com/services/oauth2/token',
      givesRefreshToken: (request) => has(request, 'refresh_token'),
      shape: (tokens) => ({
        json: {
          ...tokens,
          token_type: 'Bearer',
          issued_at: '1795421350000',
          instance_url: 'https://contoso.my.salesforce.com',
          signature: 'x',
        },
      }),
    }),
  },
];
