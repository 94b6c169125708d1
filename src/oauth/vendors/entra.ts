import { isBelow, type Vendor } from './vendor.js';

/** The clouds of Microsoft, and the hosts of its directories for customers. */
const hosts = [
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
  'login.microsoft.com',
  'login.windows.net',
];
const tenantId = /^\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\//;

/** Microsoft Entra ID: one tenant, `common` and its likes, B2C, External ID (CIAM). */
export const entra: Vendor = {
  name: 'Microsoft Entra ID',
  issuers: [
    'https://login.microsoftonline.com/…/v2.0',
    'https://login.microsoftonline.com/common/v2.0',
    'https://….b2clogin.com/…/v2.0',
    'https://….ciamlogin.com/…/v2.0',
  ],
  isIssuer: (issuer) => hosts.includes(issuer.hostname) || isBelow(issuer, 'b2clogin.com') || isBelow(issuer, 'ciamlogin.com'),
  needs: {
    resource: { value: 'none', source: 'anthropics/claude-code#73460' },
    pkceUnadvertised: { value: true, source: 'anthropics/claude-code#13275' },
    prompt: { value: 'none', source: 'anthropics/claude-code#49722' },
    issuerForm: { value: isFormOf, source: 'openai/codex#38973' },
  },
  notes: [],
};

/** The template of `common`, `organizations` and `consumers`; a tenant's number in the place of its name; B2C's and CIAM's own number. */
function isFormOf(found: URL, asked: URL): boolean {
  const isTemplate = found.pathname.startsWith('/%7Btenantid%7D/');
  const isTenant = tenantId.test(found.pathname);
  if (found.protocol !== 'https:' || (!isTemplate && !isTenant)) return false;
  if (found.host === asked.host) return true;
  // Of a directory for customers, the host too is called by the number.
  return isTenant && isBelow(found, 'ciamlogin.com') && isBelow(asked, 'ciamlogin.com');
}
