import type { Vendor } from './vendor.js';

export const google: Vendor = {
  name: 'Google',
  issuers: ['https://accounts.google.com'],
  isIssuer: ({ hostname }) => hostname === 'accounts.google.com',
  needs: {
    authorizeParameters: {
      value: { access_type: 'offline' },
      source: 'can1357/oh-my-pi#12438, https://developers.google.com/identity/protocols/oauth2/web-server#offline',
    },
    prompt: { value: 'consent', source: 'PrefectHQ/fastmcp#2438, willdady/platypus#139' },
    offlineAccess: { value: false, source: 'punkpeye/mcp-remote#258' },
    endpointHosts: {
      value: ['oauth2.googleapis.com'],
      source:
        'https://accounts.google.com/.well-known/openid-configuration, https://developers.google.com/identity/protocols/oauth2/native-app',
    },
    unsupportedFlows: {
      value: {
        device: 'Google issues device codes only to clients of the type “TVs and Limited Input devices”, and only for a few scopes',
      },
      source: 'https://developers.google.com/identity/protocols/oauth2/limited-input-device',
    },
    registration: {
      value:
        'Google does not support dynamic client registration: create an OAuth client of the type “Desktop app” in the Google Cloud console, and pass --client-id ID with its secret in MCP_AUTH_CLIENT_SECRET.',
      source: 'taylorwilsdon/google_workspace_mcp#1008, https://developers.google.com/identity/protocols/oauth2/native-app',
    },
  },
  notes: [
    {
      value: 'Its Workspace servers accept a session without a token, and require one for the first tool call.',
      source: 'NousResearch/hermes-agent#97010',
    },
  ],
};
