import type { Vendor } from './vendor.js';

export const github: Vendor = {
  name: 'GitHub',
  issuers: ['https://github.com/login/oauth'],
  // Other paths of this host contain files of its users.
  isIssuer: ({ hostname, pathname }) => hostname === 'github.com' && /^\/(login\/oauth(\/|$)|$)/.test(pathname),
  needs: {
    pkceUnadvertised: {
      value: true,
      source: 'https://github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication',
    },
    registration: {
      value:
        'GitHub does not support dynamic client registration: create an OAuth app or a GitHub App in the developer settings of your account, with the callback URL http://127.0.0.1/callback, and pass --client-id ID, with its secret in MCP_AUTH_CLIENT_SECRET or with the device flow enabled.',
      source: 'github/github-mcp-server#1404, github/docs content/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.md',
    },
  },
  notes: [
    {
      value: 'Responses of the token endpoint are form-encoded, also for a refresh, and errors have status 200.',
      source: 'vercel/ai#10899, github/docs content/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.md',
    },
    {
      value: 'The device flow works without a secret if the app’s owner has enabled it.',
      source: 'github/docs content/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.md',
    },
    {
      value: 'A refresh token of a GitHub App can be used once, and is valid for six months.',
      source: 'github/docs content/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens.md',
    },
  ],
};
