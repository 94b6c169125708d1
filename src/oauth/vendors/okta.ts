import { isInDomain, type Vendor } from './vendor.js';

export const okta: Vendor = {
  name: 'Okta',
  issuers: ['https://….okta.com', 'https://….okta.com/oauth2/…', 'https://….oktapreview.com/oauth2/…'],
  isIssuer: (issuer) => ['okta.com', 'oktapreview.com', 'okta-emea.com'].some((domain) => isInDomain(issuer, domain)),
  needs: {},
  notes: [
    {
      value: 'Its metadata is at the addresses with the path appended, including the OAuth one.',
      source: 'okta/okta-developer-docs docs/concepts/auth-servers/index.md',
    },
    {
      value: 'A token of the organisation’s own authorization server, without `/oauth2/…`, is valid only at Okta.',
      source: 'okta/okta-developer-docs docs/concepts/auth-servers/index.md',
    },
    {
      value: 'A refresh token is issued if `offline_access` is requested and the app has the refresh token grant.',
      source: 'okta/okta-developer-docs docs/guides/refresh-tokens/main/index.md',
    },
    {
      value: 'The device flow works for native apps that have the grant.',
      source: 'okta/okta-developer-docs docs/guides/device-authorization-grant/main/index.md',
    },
  ],
};
