import type { Vendor } from './vendor.js';

/** Self-hosted: known by the form that every issuer of its has. */
export const keycloak: Vendor = {
  name: 'Keycloak',
  issuers: ['https://…/realms/…'],
  isIssuer: ({ pathname }) => /\/realms\/[^/]+\/?$/.test(pathname),
  needs: {},
  notes: [
    {
      value: 'It ignores `resource` unless it was started with `--features=resource-indicators`: the scopes decide whom a token is for.',
      source: 'keycloak/keycloak docs/guides/securing-apps/mcp-authz-server.adoc',
    },
    {
      value:
        'By default it lets clients register from trusted hosts only, and with the realm’s own scopes; without a scope they get all of these.',
      source: 'keycloak/keycloak#43654, opensearch-project/opensearch-mcp-server-py#227',
    },
    { value: '`offline_access` gives a login that does not end with the session.', source: 'flownative/flow-openidconnect-client#67' },
  ],
};
