import type { Vendor } from './vendor.js';

/** Self-hosted: recognised by the path that all of its issuers have. */
export const keycloak: Vendor = {
  name: 'Keycloak',
  issuers: ['https://…/realms/…'],
  isIssuer: ({ pathname }) => /\/realms\/[^/]+\/?$/.test(pathname),
  needs: {},
  notes: [
    {
      value:
        'It ignores `resource` unless it was started with `--features=resource-indicators`: the scopes decide which server a token is for.',
      source: 'keycloak/keycloak docs/guides/securing-apps/mcp-authz-server.adoc',
    },
    {
      value:
        'By default, clients can register only from trusted hosts and with the scopes of the realm; without a scope they get all of these.',
      source: 'keycloak/keycloak#43654, opensearch-project/opensearch-mcp-server-py#227',
    },
    { value: 'With `offline_access`, the login does not end with the user’s session.', source: 'flownative/flow-openidconnect-client#67' },
  ],
};
