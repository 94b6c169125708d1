import type { Vendor } from './vendor.js';

export const cognito: Vendor = {
  name: 'Amazon Cognito',
  issuers: ['https://cognito-idp.….amazonaws.com/…'],
  isIssuer: ({ hostname }) => /^cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/.test(hostname),
  needs: {
    pkceUnadvertised: { value: true, source: 'anthropics/claude-code#13275, zed-industries/zed#60358' },
    offlineAccess: { value: false, source: 'onyx-dot-app/onyx#11931, mintel/dex-k8s-authenticator#168' },
    endpointHosts: {
      value: ['amazoncognito.com'],
      source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html',
    },
    defaultScope: { value: 'openid', source: 'anthropics/claude-code#90190' },
    registration: {
      value:
        'Cognito does not support dynamic client registration: add an app client to the user pool, with the callback URL http://localhost:8080/callback, and pass --client-id ID --redirect-uri http://localhost:8080/callback.',
      source:
        'empires-security/mcp-oauth2-aws-cognito#9, https://docs.aws.amazon.com/sdk-for-kotlin/api/latest/cognitoidentityprovider/aws.sdk.kotlin.services.cognitoidentityprovider.model/-create-user-pool-client-request/callback-urls.html',
    },
  },
  notes: [
    {
      value: 'A user pool with a custom domain has its endpoints there: pass `--trust-endpoints` with that domain.',
      source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html',
    },
    {
      value:
        'For `resource`, the user pool must have a resource server whose identifier is the URL of the MCP server; otherwise pass `--resource none`.',
      source: 'PrefectHQ/fastmcp#2149',
    },
    {
      value: 'A refresh token is always issued, and valid for 30 days by default.',
      source: 'https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html',
    },
  ],
};
