import type { Vendor } from './vendor.js';

const logins = ['login.salesforce.com', 'test.salesforce.com'];

export const salesforce: Vendor = {
  name: 'Salesforce',
  issuers: ['https://login.salesforce.com', 'https://api.salesforce.com/platform/mcp/v1/…'],
  isIssuer: ({ hostname }) => hostname === 'api.salesforce.com' || logins.includes(hostname),
  needs: {
    issuerForm: {
      value: (found, asked) => found.protocol === 'https:' && logins.includes(found.host) && asked.hostname === 'api.salesforce.com',
      source: 'forcedotcom/mcp-hosted#44',
    },
    registration: {
      value:
        'Salesforce does not support dynamic client registration: create an External Client App with the callback URL, and pass --client-id ID and --redirect-uri URI. A new callback URL takes about ten minutes to work.',
      source: 'anthropics/claude-ai-mcp#171, ArcadeAI/docs#1136',
    },
  },
  notes: [
    {
      value: 'The scopes are `mcp_api refresh_token`; with `api` in addition, the server may reject the token.',
      source: 'ArcadeAI/docs#1136',
    },
    { value: 'The app must issue JWT-based access tokens for named users.', source: 'anthropics/claude-ai-mcp#184' },
    {
      value: 'The lifetime of a token is not announced: it is renewed when the server rejects it.',
      source: 'googleworkspace/apps-script-oauth2#10',
    },
  ],
};
