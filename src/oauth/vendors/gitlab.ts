import type { Vendor } from './vendor.js';

/** gitlab.com; an instance of one's own is known by nothing, and needs nothing that gitlab.com does not. */
export const gitlab: Vendor = {
  name: 'GitLab',
  issuers: ['https://gitlab.com'],
  isIssuer: ({ hostname }) => hostname === 'gitlab.com',
  needs: {},
  notes: [
    {
      value: 'A client that has registered itself may ask for the scope `mcp` alone.',
      source: 'zereight/gitlab-mcp#359, gitlabhq/gitlabhq doc/user/gitlab_duo/model_context_protocol/mcp_server.md',
    },
    { value: 'A refresh ends both tokens of before.', source: 'gitlabhq/gitlabhq doc/api/oauth2.md' },
    { value: 'Device codes work, from 17.9 on an instance of one’s own.', source: 'gitlabhq/gitlabhq doc/api/oauth2.md' },
  ],
};
