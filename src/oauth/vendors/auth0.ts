import { isInDomain, type Vendor } from './vendor.js';

export const auth0: Vendor = {
  name: 'Auth0',
  issuers: ['https://….auth0.com/'],
  isIssuer: (issuer) => isInDomain(issuer, 'auth0.com'),
  needs: {},
  notes: [
    {
      value:
        'It ignores `resource` unless the tenant’s “Resource Parameter Compatibility Profile” is enabled: pass `--authorize-param audience=API`, or have it enabled.',
      source: 'https://auth0.com/ai/docs/mcp/guides/resource-param-compatibility-profile, microsoft/vscode#274226',
    },
    {
      value: 'A dynamically registered client can use only connections that are promoted to domain level.',
      source: 'https://docs.mcp-use.com/typescript/server/authentication/providers/auth0',
    },
    { value: 'A refresh token is issued if the API allows offline access.', source: 'https://auth0.com/docs/refresh-token' },
  ],
};
