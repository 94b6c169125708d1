/** HubSpot. */
import { oauth, S256, secret, server, type VendorServer } from './server.js';

export const hubspot: readonly VendorServer[] = [
  {
    vendor: 'HubSpot',
    what: 'an MCP auth app, with its secret in the body',
    words: ['--client-id', 'hub-1'],
    env: secret,
    ...server({
      mcp: 'https://mcp.hubspot.com/',
      resourceMetadata: undefined,
      metadata: {
        [`https://mcp.hubspot.com${oauth}`]: {
          issuer: 'https://mcp.hubspot.com',
          authorization_endpoint: 'https://mcp.hubspot.com/oauth/authorize/user',
          token_endpoint: 'https://mcp.hubspot.com/oauth/v3/token',
          token_endpoint_auth_methods_supported: ['client_secret_post'],
          ...S256,
        },
      },
      token: 'https://mcp.hubspot.com/oauth/v3/token',
      refusesToken: (form) =>
        form['client_secret'] === secret.MCP_AUTH_CLIENT_SECRET
          ? undefined
          : { status: 401, json: { status: 'BAD_CLIENT_SECRET', message: 'no secret', error: 'invalid_client' } },
    }),
  },
];
