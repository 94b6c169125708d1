/** The known vendors of authorization servers. A new one is a file next to this one, and a line here. */
import { atlassian } from './atlassian.js';
import { auth0 } from './auth0.js';
import { cloudflare } from './cloudflare.js';
import { cognito } from './cognito.js';
import { entra } from './entra.js';
import { figma } from './figma.js';
import { github } from './github.js';
import { gitlab } from './gitlab.js';
import { google } from './google.js';
import { hubspot } from './hubspot.js';
import { keycloak } from './keycloak.js';
import { linear } from './linear.js';
import { notion } from './notion.js';
import { okta } from './okta.js';
import { salesforce } from './salesforce.js';
import { sentry } from './sentry.js';
import { slack } from './slack.js';
import { stripe } from './stripe.js';
import type { Vendor } from './vendor.js';

export type { Fact, VendorNeeds, Vendor } from './vendor.js';

/** Vendors that are recognised by their host come first. Keycloak is recognised by a path, which any host may have. */
export const vendors: readonly Vendor[] = [
  entra,
  google,
  cognito,
  auth0,
  okta,
  github,
  gitlab,
  slack,
  atlassian,
  salesforce,
  hubspot,
  notion,
  linear,
  figma,
  sentry,
  stripe,
  cloudflare,
  keycloak,
];

/** The vendor of an issuer; undefined for most issuers. */
export function findVendor(issuer: string): Vendor | undefined {
  if (!URL.canParse(issuer)) return undefined;
  const url = new URL(issuer);
  return url.protocol === 'https:' ? vendors.find((vendor) => vendor.isIssuer(url)) : undefined;
}
