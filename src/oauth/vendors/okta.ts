import { isInDomain, type Vendor } from './vendor.js';

export const okta: Vendor = {
  name: 'Okta',
  issuers: ['https://….okta.com', 'https://….okta.com/oauth2/…', 'https://….oktapreview.com/oauth2/…'],
  isIssuer: (issuer) => ['okta.com', 'oktapreview.com', 'okta-emea.com'].some((domain) => isInDomain(issuer, domain)),
  needs: {},
  notes: [
    {
      value: 'Its metadata is at the address with the path appended, also the OAuth one.',
      source: 'okta/okta-developer-docs docs/concepts/auth-servers/index.md',
    },
    {
      value: 'A token of the organisation’s own server, without `/oauth2/…`, is good at Okta alone.',
      source: 'okta/okta-developer-docs docs/concepts/auth-servers/index.md',
    },
    {
      value: 'A refresh token is given where `offline_access` is asked for and the app has the refresh grant.',
      source: 'okta/okta-developer-docs docs/guides/refresh-tokens/main/index.md',
    },
    {
      value: 'Device codes are for native apps that have the grant.',
      source: 'okta/okta-developer-docs docs/guides/device-authorization-grant/main/index.md',
    },
  ],
};
