import type { Vendor } from './vendor.js';

/** gitlab.com. A self-managed instance cannot be recognised, and needs nothing that gitlab.com does not need. */
export const gitlab: Vendor = {
  name: 'GitLab',
  issuers: ['https://gitlab.com'],
  isIssuer: ({ hostname }) => hostname === 'gitlab.com',
  needs: {},
  notes: [
    {
      value: 'A dynamically registered client may request only the scope `mcp`.',
      source: 'zereight/gitlab-mcp#359, gitlabhq/gitlabhq doc/user/gitlab_duo/model_context_protocol/mcp_server.md',
    },
    { value: 'A refresh revokes both previous tokens.', source: 'gitlabhq/gitlabhq doc/api/oauth2.md' },
    { value: 'The device flow works; on a self-managed instance since 17.9.', source: 'gitlabhq/gitlabhq doc/api/oauth2.md' },
  ],
};
