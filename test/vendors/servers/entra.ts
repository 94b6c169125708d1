/** Microsoft Entra ID, its clouds and its types of tenants. */
import { has, named, openid, type Page, server, type VendorServer } from './server.js';

/** Entra: no resource, no prompt=consent, the scope at each refresh, numbers as strings. */
function entra({
  what,
  authority,
  issuer,
  mcp = 'https://mcp.contoso.example/mcp',
  scopes = ['openid', 'profile', 'email', 'offline_access'],
}: {
  what: string;
  authority: string;
  issuer: string;
  mcp?: string;
  scopes?: string[];
}): VendorServer {
  const base = authority.replace(/\/v2\.0$/, '/oauth2/v2.0');
  return {
    vendor: 'Microsoft Entra ID',
    what,
    words: ['--client-id', '11111111-2222-3333-4444-555555555555', '--redirect-uri', 'http://localhost:51234/'],
    says: /Required by Microsoft Entra ID: no resource/,
    ...server({
      mcp,
      resourceMetadata: named(mcp, authority, { scopes_supported: ['api://contoso/mcp.read'] }),
      metadata: {
        [`${authority}${openid}`]: {
          issuer,
          authorization_endpoint: `${base}/authorize`,
          token_endpoint: `${base}/token`,
          scopes_supported: scopes,
          token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic', 'none'],
        },
      },
      token: `${base}/token`,
      refuses: (request): Page | undefined => {
        if (request.has('resource')) return { error: 'invalid_target', error_description: 'AADSTS9010010: The resource does not match.' };
        if (request.get('prompt') === 'consent') return { page: 'AADSTS90095: Admin consent is required.' };
        return has(request, 'api://contoso/mcp.read') ? undefined : { page: 'AADSTS650053' };
      },
      givesRefreshToken: (request) => has(request, 'offline_access'),
      refusesToken: (form) => {
        if ('resource' in form)
          return {
            status: 400,
            json: { error: 'invalid_request', error_description: "AADSTS901002: The 'resource' request parameter is not supported." },
          };
        if (form['grant_type'] !== 'refresh_token' || form['scope'] !== undefined) return undefined;
        return { status: 400, json: { error: 'invalid_resource', error_description: 'AADSTS90009: requesting a token for itself' } };
      },
      shape: (tokens) => ({
        json: { ...tokens, token_type: 'Bearer', expires_in: '5250', ext_expires_in: '5250', scope: 'api://contoso/mcp.read' },
      }),
    }),
  };
}

const tenant = '9f7a2b10-1c2d-4e5f-8a9b-0c1d2e3f4a5b';

export const entraServers: readonly VendorServer[] = [
  entra({
    what: 'one tenant',
    authority: `https://login.microsoftonline.com/${tenant}/v2.0`,
    issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
  }),
  entra({
    what: 'organizations',
    authority: 'https://login.microsoftonline.com/organizations/v2.0',
    issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
  }),
  entra({
    what: 'a tenant by its name',
    authority: 'https://login.microsoftonline.com/contoso.onmicrosoft.com/v2.0',
    issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
  }),
  entra({
    what: 'the cloud of the US government',
    authority: `https://login.microsoftonline.us/${tenant}/v2.0`,
    issuer: `https://login.microsoftonline.us/${tenant}/v2.0`,
  }),
  entra({
    what: 'B2C',
    authority: 'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin/v2.0',
    issuer: `https://contoso.b2clogin.com/${tenant}/v2.0/`,
    scopes: ['openid'],
  }),
  entra({
    what: 'External ID (CIAM)',
    authority: `https://contoso.ciamlogin.com/${tenant}/v2.0`,
    issuer: `https://${tenant}.ciamlogin.com/${tenant}/v2.0`,
  }),
];
