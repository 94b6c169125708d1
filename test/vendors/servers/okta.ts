/** Okta. */
import { has, named, oauth, server, simple, type VendorServer } from './server.js';

export const okta: readonly VendorServer[] = [
  {
    vendor: 'Okta',
    what: 'a custom authorization server',
    words: ['--client-id', '0oa1'],
    ...server({
      mcp: 'https://mcp.contoso.example/mcp',
      resourceMetadata: named('https://mcp.contoso.example/mcp', 'https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z'),
      metadata: {
        [`https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z${oauth}`]: simple('https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z', {
          authorization_endpoint: 'https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/v1/authorize',
          token_endpoint: 'https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/v1/token',
          registration_endpoint: 'https://contoso.okta.com/oauth2/v1/clients',
          scopes_supported: ['openid', 'offline_access'],
        }),
      },
      token: 'https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/v1/token',
      givesRefreshToken: (request) => has(request, 'offline_access'),
      rotates: true,
    }),
  },
];
