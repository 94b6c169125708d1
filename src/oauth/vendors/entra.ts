import { isInDomain, type Vendor } from './vendor.js';

/** Microsoft's clouds. */
const clouds = ['login.microsoftonline.com', 'login.microsoftonline.us', 'login.partner.microsoftonline.cn'];
/** Customer directories: B2C and External ID. */
const directories = ['b2clogin.com', 'ciamlogin.com'];
/** The path of an issuer starts with the tenant's id. */
const tenant = /^(\/tfp)?\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\//;

export const entra: Vendor = {
  name: 'Microsoft Entra ID',
  issuers: [
    'https://login.microsoftonline.com/…/v2.0',
    'https://login.microsoftonline.us/…/v2.0',
    'https://….b2clogin.com/…/v2.0',
    'https://….ciamlogin.com/…/v2.0',
  ],
  isIssuer: (issuer) => clouds.includes(issuer.hostname) || directories.some((domain) => isInDomain(issuer, domain)),
  needs: {
    resource: { value: 'none', source: 'microsoft/vscode#254009, agentgateway/agentgateway#2408, punkpeye/mcp-remote#217' },
    pkceUnadvertised: {
      value: true,
      source: 'modelcontextprotocol/typescript-sdk#832, MicrosoftDocs/entra-docs docs/identity-platform/v2-oauth2-auth-code-flow.md',
    },
    prompt: { value: 'none', source: 'anthropics/claude-code#94804, anomalyco/opencode#50519' },
    offlineAccess: { value: true, source: 'MicrosoftDocs/entra-docs docs/identity-platform/v2-oauth2-auth-code-flow.md' },
    scopeAtRefresh: { value: true, source: 'punkpeye/mcp-remote#357, anthropics/claude-code#89862' },
    issuerForm: { value: isFormOf, source: 'openai/codex#38973, coreos/go-oidc#121, MicrosoftDocs/entra-docs#408' },
    endpointHosts: {
      value: ['microsoft.com'],
      source: 'MicrosoftDocs/entra-docs docs/identity-platform/v2-oauth2-device-code.md',
    },
    registration: {
      value:
        'Entra ID does not support dynamic client registration: register an application in the tenant, with the redirect URI http://localhost as a mobile or desktop application, and pass --client-id ID --redirect-uri http://localhost:8080. Entra ID accepts any port there.',
      source: 'agentgateway/agentgateway#2408, https://learn.microsoft.com/en-us/entra/identity-platform/reply-url',
    },
  },
  notes: [
    {
      value:
        'A scope without its resource, for example `mcp.read`, is looked up at Microsoft Graph: pass the full scope, for example `--scope api://APP/mcp.read`.',
      source: 'anthropics/claude-code#73460',
    },
    {
      value: 'A refresh token is replaced at each use, and the previous one stays valid.',
      source: 'MicrosoftDocs/entra-docs docs/identity-platform/refresh-tokens.md',
    },
    {
      value: 'The device flow works if the tenant allows it.',
      source: 'MicrosoftDocs/entra-docs docs/identity-platform/v2-oauth2-device-code.md',
    },
  ],
};

/**
 * The metadata may name `{tenantid}` instead of `common`, `organizations` or `consumers`; the tenant's id instead of its name, from
 * which a customer directory also derives its host; and only the id if the address contains a policy.
 */
function isFormOf(found: URL, asked: URL): boolean {
  const isTemplate = found.pathname.startsWith('/%7Btenantid%7D/');
  if (found.protocol !== 'https:' || !(isTemplate || tenant.test(found.pathname))) return false;
  if (found.host === asked.host) return true;
  return !isTemplate && isInDomain(found, 'ciamlogin.com') && isInDomain(asked, 'ciamlogin.com');
}
