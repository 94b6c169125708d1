/**
 * An authorization server of each vendor, and an MCP server that names it. They respond strictly as the vendor's documentation and
 * its users report, independently of mcp-auth's own vendor records.
 */
import type { VendorServer } from './server.js';
import { entraServers } from './entra.js';
import { google } from './google.js';
import { cognito } from './cognito.js';
import { auth0 } from './auth0.js';
import { okta } from './okta.js';
import { keycloak } from './keycloak.js';
import { github } from './github.js';
import { gitlab } from './gitlab.js';
import { slack } from './slack.js';
import { atlassian } from './atlassian.js';
import { salesforce } from './salesforce.js';
import { hubspot } from './hubspot.js';
import { notionServers } from './notion.js';
import { linearServers } from './linear.js';
import { figmaServers } from './figma.js';
import { sentry } from './sentry.js';
import { stripe } from './stripe.js';
import { cloudflare } from './cloudflare.js';

export const vendorServers: readonly VendorServer[] = [
  ...entraServers,
  ...google,
  ...cognito,
  ...auth0,
  ...okta,
  ...keycloak,
  ...github,
  ...gitlab,
  ...slack,
  ...atlassian,
  ...salesforce,
  ...hubspot,
  ...notionServers,
  ...linearServers,
  ...figmaServers,
  ...sentry,
  ...stripe,
  ...cloudflare,
];
