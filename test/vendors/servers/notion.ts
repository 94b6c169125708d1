/** Notion. */
import { named, oauth, server, simple, type VendorServer } from './server.js';

const notion = 'https://mcp.notion.com';

export const notionServers: readonly VendorServer[] = [
  {
    vendor: 'Notion',
    what: 'a refresh token that can be used once',
    ...server({
      mcp: `${notion}/mcp`,
      resourceMetadata: named(`${notion}/mcp`, notion),
      metadata: {
        [`${notion}${oauth}`]: simple(notion, {
          token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        }),
      },
      token: `${notion}/token`,
      registerAt: `${notion}/register`,
      refusesToken: (_, { authorization }) =>
        authorization === undefined
          ? undefined
          : { status: 400, json: { error: 'invalid_request', error_description: 'multiple authentication methods' } },
      rotates: true,
    }),
  },
];
