/**
 * The authorization servers of each make, and an MCP server that names them, as their documentation and their users say that they
 * answer: strict in what they refuse. What mcp-auth knows of them is not looked at here.
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
