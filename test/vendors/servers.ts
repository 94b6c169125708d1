/**
 * The authorization servers of each make, and an MCP server that names them, as their documentation and their users say that they
 * answer: strict in what they refuse. What mcp-auth knows of them is not looked at here.
 */
import { createHash } from 'node:crypto';

export interface Request {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Record<string, unknown>;
  readonly authorization: string | undefined;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
}

/** What a person is shown: sent back with these parameters, or a page on which it ends. */
export type Page = Readonly<Record<string, string>> | { readonly page: string };

export interface VendorServer {
  /** As `src/oauth/vendors` calls it. */
  readonly vendor: string;
  readonly what: string;
  /** The URL of the MCP server. */
  readonly mcp: string;
  /** Words of the login besides. */
  readonly words?: readonly string[];
  /** Whether the flow is left to mcp-auth; paste is asked for otherwise. */
  readonly isAutomatic?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** What a login ends with where that is no login. */
  readonly refusal?: RegExp;
  /** What is said of the make. */
  readonly says?: RegExp;
  readonly answer: (request: Request) => Answer | undefined;
  readonly authorize: (request: URLSearchParams) => Page;
}

interface Rules {
  readonly mcp: string;
  /** The addresses at which the metadata is, with what it is. */
  readonly metadata: Readonly<Record<string, Record<string, unknown>>>;
  readonly resourceMetadata?: Record<string, unknown> | undefined;
  /** Whether the server lets everybody begin. */
  readonly isLazy?: boolean;
  readonly token: string;
  readonly register?: (request: Request) => Answer;
  readonly registerAt?: string;
  /** Why a request is refused; undefined where it is not. */
  readonly refuses?: (request: URLSearchParams) => Page | undefined;
  readonly refusesToken?: (form: Record<string, unknown>, request: Request) => Answer | undefined;
  /** Whether a refresh token is given for such a request. */
  readonly givesRefreshToken?: (request: URLSearchParams) => boolean;
  /** What the answer is made of. */
  readonly shape?: (tokens: Tokens, form: Record<string, unknown>) => Answer;
  readonly iss?: string;
  /** Whether a refresh token is good once. */
  readonly rotates?: boolean;
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string | undefined;
}

/** A server by its rules: codes and refresh tokens are good once, PKCE is checked, tokens are let in by what they are. */
function server({ mcp, metadata, token, ...rules }: Rules): Pick<VendorServer, 'mcp' | 'answer' | 'authorize'> {
  const url = new URL(mcp);
  const codes = new Map<string, URLSearchParams>();
  const refreshTokens = new Map<string, URLSearchParams>();
  const accessTokens = new Set<string>();
  let count = 0;
  const prm = rules.resourceMetadata && `${url.host}/.well-known/oauth-protected-resource${url.pathname}`;

  const grant = (request: URLSearchParams, form: Record<string, unknown>): Answer => {
    count += 1;
    const gives = rules.givesRefreshToken?.(request) ?? true;
    const tokens = { access_token: `access-${count}`, refresh_token: gives ? `refresh-${count}` : undefined };
    if (tokens.refresh_token !== undefined) refreshTokens.set(tokens.refresh_token, request);
    accessTokens.add(tokens.access_token);
    return rules.shape?.(tokens, form) ?? { json: { ...tokens, token_type: 'Bearer', expires_in: 3600 } };
  };
  const refused = (error: string, error_description = ''): Answer => ({ status: 400, json: { error, error_description } });

  const tokenEndpoint = (request: Request): Answer => {
    const form = request.body;
    const refusal = rules.refusesToken?.(form, request);
    if (refusal) return refusal;
    if (form['grant_type'] === 'refresh_token') {
      const asked = refreshTokens.get(String(form['refresh_token']));
      if (asked === undefined) return refused('invalid_grant');
      if (rules.rotates) refreshTokens.delete(String(form['refresh_token']));
      return grant(asked, form);
    }
    const asked = codes.get(String(form['code']));
    codes.delete(String(form['code']));
    if (asked === undefined) return refused('invalid_grant', 'no such code');
    const challenge = createHash('sha256').update(String(form['code_verifier'])).digest('base64url');
    if (asked.get('code_challenge') !== challenge) return refused('invalid_grant', 'PKCE');
    if (asked.get('redirect_uri') !== form['redirect_uri']) return refused('invalid_grant', 'redirect_uri');
    return grant(asked, form);
  };

  const mcpEndpoint = ({ method, body, authorization }: Request): Answer => {
    if (method !== 'POST') return { status: 405 };
    const isLetIn = accessTokens.has(authorization?.replace(/^Bearer /, '') ?? '');
    const isOpen = rules.isLazy && ['initialize', 'notifications/initialized', 'tools/list'].includes(String(body['method']));
    if (!isLetIn && !isOpen) {
      const where = prm === undefined ? '' : ` resource_metadata="https://${prm}"`;
      return { status: 401, headers: { 'www-authenticate': `Bearer${where}` } };
    }
    const result = {
      initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: url.host, version: '1' } },
      'tools/list': { tools: [{ name: 'tool', inputSchema: { type: 'object' } }] },
    }[String(body['method'])];
    return result === undefined ? { status: 202 } : { json: { jsonrpc: '2.0', id: body['id'], result } };
  };

  return {
    mcp,
    answer: (request) => {
      const at = `${request.host}${request.path}`;
      if (at === `${url.host}${url.pathname}`) return mcpEndpoint(request);
      if (at === prm) return { json: rules.resourceMetadata };
      if (at === new URL(token).host + new URL(token).pathname) return tokenEndpoint(request);
      if (rules.registerAt === `https://${at}`) return rules.register?.(request) ?? registered(request);
      const document = metadata[`https://${at}`];
      return document === undefined ? undefined : { json: document };
    },
    authorize: (request) => {
      const refusal = rules.refuses?.(request);
      if (refusal) return refusal;
      if (request.get('code_challenge_method') !== 'S256') return { page: 'PKCE is required' };
      count += 1;
      codes.set(`code-${count}`, request);
      return { code: `code-${count}`, ...(rules.iss !== undefined && { iss: rules.iss }) };
    },
  };
}

function registered({ body }: Request): Answer {
  return { status: 201, json: { ...body, client_id: 'registered' } };
}

const S256 = { code_challenge_methods_supported: ['S256'] };
const openid = '/.well-known/openid-configuration';
const oauth = '/.well-known/oauth-authorization-server';
const named = (mcp: string, issuer: string, more: Record<string, unknown> = {}) => ({
  resource: mcp,
  authorization_servers: [issuer],
  ...more,
});
const has = (request: URLSearchParams, scope: string) => request.get('scope')?.split(' ').includes(scope) ?? false;
const secret = { MCP_AUTH_CLIENT_SECRET: 'a/secret+of=it' };

/** Entra: no resource, no prompt=consent, the scope at each refresh, numbers as text. */
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
    says: /As Microsoft Entra ID needs it: no resource/,
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
const linear = 'https://mcp.linear.app';
const notion = 'https://mcp.notion.com';
const simple = (issuer: string, more: Record<string, unknown> = {}) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  ...S256,
  ...more,
});

export const vendorServers: readonly VendorServer[] = [
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
  {
    vendor: 'Google',
    isAutomatic: true,
    what: 'Workspace, whose server lets everybody begin',
    words: ['--client-id', 'desktop.apps.googleusercontent.com'],
    env: secret,
    says: /As Google needs it: .*access_type=offline/,
    ...server({
      mcp: 'https://calendarmcp.googleapis.com/mcp/v1',
      isLazy: true,
      resourceMetadata: named('https://calendarmcp.googleapis.com/mcp/v1', 'https://accounts.google.com/', {
        scopes_supported: ['https://www.googleapis.com/auth/calendar'],
      }),
      metadata: Object.fromEntries(
        [oauth, openid].map((path) => [
          `https://accounts.google.com${path}`,
          {
            issuer: 'https://accounts.google.com',
            authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
            token_endpoint: 'https://oauth2.googleapis.com/token',
            device_authorization_endpoint: 'https://oauth2.googleapis.com/device/code',
            scopes_supported: ['openid', 'email', 'profile'],
            token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
            ...S256,
          },
        ]),
      ),
      token: 'https://oauth2.googleapis.com/token',
      refuses: (request) => (has(request, 'offline_access') ? { error: 'invalid_scope' } : undefined),
      givesRefreshToken: (request) => request.get('access_type') === 'offline' && request.get('prompt') === 'consent',
      refusesToken: (form) =>
        form['client_secret'] === secret.MCP_AUTH_CLIENT_SECRET
          ? undefined
          : { status: 400, json: { error: 'invalid_request', error_description: 'client_secret is missing.' } },
      shape: (tokens, form) => ({
        json: {
          ...tokens,
          ...(form['grant_type'] === 'refresh_token' && { refresh_token: undefined }),
          token_type: 'Bearer',
          expires_in: 3599,
        },
      }),
    }),
  },
  {
    vendor: 'Amazon Cognito',
    what: 'a user pool, with a server that names no scope',
    words: ['--client-id', 'pool-client', '--resource', 'none'],
    says: /As Amazon Cognito needs it: no offline_access, PKCE though it is not advertised/,
    ...server({
      mcp: 'https://mcp.contoso.example/mcp',
      resourceMetadata: named('https://mcp.contoso.example/mcp', 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf'),
      metadata: {
        [`https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf${openid}`]: {
          issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf',
          authorization_endpoint: 'https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/authorize',
          token_endpoint: 'https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/token',
          scopes_supported: ['openid', 'email', 'phone', 'profile', 'offline_access'],
          token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        },
      },
      token: 'https://contoso.auth.eu-west-1.amazoncognito.com/oauth2/token',
      refuses: (request): Page | undefined => {
        if (has(request, 'offline_access') || has(request, 'phone')) return { error: 'invalid_scope' };
        // A request without a scope gives a code that is of no use.
        return request.has('scope') ? undefined : { code: 'dead' };
      },
      shape: (tokens, form) => ({
        json: {
          ...tokens,
          ...(form['grant_type'] === 'refresh_token' && { refresh_token: undefined }),
          token_type: 'Bearer',
          expires_in: 3600,
        },
      }),
    }),
  },
  {
    vendor: 'Auth0',
    what: 'a tenant that goes by the audience',
    words: ['--authorize-param', 'audience=https://mcp.contoso.example/mcp'],
    ...server({
      mcp: 'https://mcp.contoso.example/mcp',
      resourceMetadata: named('https://mcp.contoso.example/mcp', 'https://contoso.eu.auth0.com/'),
      metadata: {
        [`https://contoso.eu.auth0.com${oauth}`]: {
          ...simple('https://contoso.eu.auth0.com'),
          issuer: 'https://contoso.eu.auth0.com/',
          registration_endpoint: 'https://contoso.eu.auth0.com/oidc/register',
          scopes_supported: ['openid', 'offline_access'],
        },
      },
      token: 'https://contoso.eu.auth0.com/token',
      registerAt: 'https://contoso.eu.auth0.com/oidc/register',
      refuses: (request) =>
        request.has('audience') ? undefined : { error: 'access_denied', error_description: 'the userinfo audience is not allowed' },
      givesRefreshToken: (request) => has(request, 'offline_access'),
      rotates: true,
    }),
  },
  {
    vendor: 'Okta',
    what: 'a custom authorization server',
    words: ['--client-id', '0oa1'],
    ...server({
      mcp: 'https://mcp.contoso.example/mcp',
      resourceMetadata: named('https://mcp.contoso.example/mcp', 'https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z'),
      metadata: {
        [`https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z${oauth}`]: simple('https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z', {
          authorization_endpoint: 'https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/v1/authorize',
          token_endpoint: 'https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/v1/token',
          registration_endpoint: 'https://contoso.okta.com/oauth2/v1/clients',
          scopes_supported: ['openid', 'offline_access'],
        }),
      },
      token: 'https://contoso.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/v1/token',
      givesRefreshToken: (request) => has(request, 'offline_access'),
      rotates: true,
    }),
  },
  {
    vendor: 'Keycloak',
    what: 'anonymous registration, with the realm’s scopes only',
    ...server({
      mcp: 'https://mcp.contoso.example/mcp',
      resourceMetadata: named('https://mcp.contoso.example/mcp', 'https://sso.contoso.example/realms/tools', {
        scopes_supported: ['mcp:tools'],
      }),
      metadata: {
        [`https://sso.contoso.example${oauth}/realms/tools`]: simple('https://sso.contoso.example/realms/tools', {
          authorization_endpoint: 'https://sso.contoso.example/realms/tools/protocol/openid-connect/auth',
          token_endpoint: 'https://sso.contoso.example/realms/tools/protocol/openid-connect/token',
          registration_endpoint: 'https://sso.contoso.example/realms/tools/clients-registrations/openid-connect',
          authorization_response_iss_parameter_supported: true,
        }),
      },
      token: 'https://sso.contoso.example/realms/tools/protocol/openid-connect/token',
      registerAt: 'https://sso.contoso.example/realms/tools/clients-registrations/openid-connect',
      register: (request) =>
        'scope' in request.body
          ? { status: 403, json: { error: 'insufficient_scope', error_description: 'Policy Allowed Client Scopes rejected request' } }
          : registered(request),
      iss: 'https://sso.contoso.example/realms/tools',
    }),
  },
  {
    vendor: 'GitHub',
    what: 'an OAuth app, whose answers are forms',
    words: ['--client-id', 'Iv1.abc'],
    env: secret,
    says: /As GitHub needs it: PKCE though it is not advertised/,
    ...server({
      mcp: 'https://api.githubcopilot.com/mcp/',
      resourceMetadata: named('https://api.githubcopilot.com/mcp/', 'https://github.com/login/oauth', {
        scopes_supported: ['repo', 'read:org'],
      }),
      metadata: {
        [`https://github.com${oauth}/login/oauth`]: {
          issuer: 'https://github.com/login/oauth',
          authorization_endpoint: 'https://github.com/login/oauth/authorize',
          token_endpoint: 'https://github.com/login/oauth/access_token',
        },
      },
      token: 'https://github.com/login/oauth/access_token',
      refusesToken: (form) =>
        form['client_secret'] === secret.MCP_AUTH_CLIENT_SECRET ? undefined : { text: 'error=incorrect_client_credentials' },
      shape: ({ access_token, refresh_token = '' }) => ({
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        text: `access_token=${access_token}&expires_in=28800&refresh_token=${refresh_token}&refresh_token_expires_in=15897600&scope=repo%2Cread%3Aorg&token_type=bearer`,
      }),
      rotates: true,
    }),
  },
  {
    vendor: 'GitLab',
    what: 'gitlab.com',
    ...server({
      mcp: 'https://gitlab.com/api/v4/mcp',
      resourceMetadata: named('https://gitlab.com/api/v4/mcp', 'https://gitlab.com', { scopes_supported: ['mcp'] }),
      metadata: {
        [`https://gitlab.com${oauth}`]: simple('https://gitlab.com', {
          authorization_endpoint: 'https://gitlab.com/oauth/authorize',
          token_endpoint: 'https://gitlab.com/oauth/token',
          registration_endpoint: 'https://gitlab.com/oauth/register',
          scopes_supported: ['api', 'mcp'],
        }),
      },
      token: 'https://gitlab.com/oauth/token',
      registerAt: 'https://gitlab.com/oauth/register',
      refuses: (request) => (request.get('scope') === 'mcp' ? undefined : { error: 'invalid_scope' }),
      shape: (tokens) => ({ json: { ...tokens, token_type: 'bearer', expires_in: 7200, created_at: 1_700_000_000 } }),
      rotates: true,
    }),
  },
  {
    vendor: 'Slack',
    what: 'an issuer of another name, the token in authed_user',
    words: ['--client-id', '123.456', '--redirect-uri', 'http://localhost:51235/callback'],
    ...server({
      mcp: 'https://mcp.slack.com/mcp',
      resourceMetadata: named('https://mcp.slack.com/mcp', 'https://mcp.slack.com'),
      metadata: {
        [`https://mcp.slack.com${oauth}`]: {
          issuer: 'https://slack.com',
          authorization_endpoint: 'https://slack.com/oauth/v2_user/authorize',
          token_endpoint: 'https://slack.com/api/oauth.v2.user.access',
          ...S256,
        },
      },
      token: 'https://slack.com/api/oauth.v2.user.access',
      refuses: (request) =>
        request.get('redirect_uri') === 'http://localhost:51235/callback' ? undefined : { page: 'redirect_uri did not match' },
      shape: (tokens, form) =>
        form['grant_type'] === 'refresh_token'
          ? { json: { ok: true, ...tokens, token_type: 'user', expires_in: 43_200 } }
          : {
              json: {
                ok: true,
                app_id: 'A1',
                authed_user: { id: 'U1', scope: 'search:read,chat:write', ...tokens, token_type: 'user', expires_in: 43_200 },
              },
            },
      rotates: true,
    }),
  },
  {
    vendor: 'Atlassian',
    what: 'the path dropped from the issuer, the resource at each refresh',
    ...server({
      mcp: 'https://mcp.atlassian.com/v1/mcp/authv2',
      resourceMetadata: named('https://mcp.atlassian.com/v1/mcp/authv2', 'https://auth.atlassian.com/VCeDsk8ZHncYF1g234fKtc4lNipbBhu3'),
      metadata: { [`https://auth.atlassian.com/VCeDsk8ZHncYF1g234fKtc4lNipbBhu3${oauth}`]: simple('https://auth.atlassian.com') },
      token: 'https://auth.atlassian.com/token',
      registerAt: 'https://auth.atlassian.com/register',
      refusesToken: (form) =>
        form['resource'] === 'https://mcp.atlassian.com/v1/mcp/authv2' ? undefined : { status: 400, json: { error: 'invalid_target' } },
      rotates: true,
    }),
  },
  {
    vendor: 'Atlassian',
    what: 'metadata of another host',
    ...server({
      mcp: 'https://mcp.atlassian.com/v1/mcp',
      metadata: { [`https://mcp.atlassian.com${oauth}`]: { ...simple('https://cf.mcp.atlassian.com') } },
      token: 'https://cf.mcp.atlassian.com/token',
      registerAt: 'https://cf.mcp.atlassian.com/register',
    }),
  },
  {
    vendor: 'Salesforce',
    what: 'metadata of login.salesforce.com, and no word of a token’s end',
    words: ['--client-id', '3MVG9', '--redirect-uri', 'http://localhost:51236/callback', '--scope', 'mcp_api refresh_token'],
    ...server({
      mcp: 'https://api.salesforce.com/platform/mcp/v1/platform/sobject-all',
      resourceMetadata: named(
        'https://api.salesforce.com/platform/mcp/v1/platform/sobject-all',
        'https://api.salesforce.com:443/platform/mcp/v1/platform/sobject-all',
      ),
      metadata: {
        [`https://api.salesforce.com${oauth}/platform/mcp/v1/platform/sobject-all`]: {
          issuer: 'https://login.salesforce.com',
          authorization_endpoint: 'https://login.salesforce.com/services/oauth2/authorize',
          token_endpoint: 'https://login.salesforce.com/services/oauth2/token',
          ...S256,
        },
      },
      token: 'https://login.salesforce.com/services/oauth2/token',
      givesRefreshToken: (request) => has(request, 'refresh_token'),
      shape: (tokens) => ({
        json: {
          ...tokens,
          token_type: 'Bearer',
          issued_at: '1795421350000',
          instance_url: 'https://contoso.my.salesforce.com',
          signature: 'x',
        },
      }),
    }),
  },
  {
    vendor: 'HubSpot',
    what: 'an MCP auth app, whose secret goes in the body',
    words: ['--client-id', 'hub-1'],
    env: secret,
    ...server({
      mcp: 'https://mcp.hubspot.com/',
      resourceMetadata: undefined,
      metadata: {
        [`https://mcp.hubspot.com${oauth}`]: {
          issuer: 'https://mcp.hubspot.com',
          authorization_endpoint: 'https://mcp.hubspot.com/oauth/authorize/user',
          token_endpoint: 'https://mcp.hubspot.com/oauth/v3/token',
          token_endpoint_auth_methods_supported: ['client_secret_post'],
          ...S256,
        },
      },
      token: 'https://mcp.hubspot.com/oauth/v3/token',
      refusesToken: (form) =>
        form['client_secret'] === secret.MCP_AUTH_CLIENT_SECRET
          ? undefined
          : { status: 401, json: { status: 'BAD_CLIENT_SECRET', message: 'no secret', error: 'invalid_client' } },
    }),
  },
  {
    vendor: 'Notion',
    what: 'a refresh token that is good once',
    ...server({
      mcp: `${notion}/mcp`,
      resourceMetadata: named(`${notion}/mcp`, notion),
      metadata: {
        [`${notion}${oauth}`]: simple(notion, {
          token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        }),
      },
      token: `${notion}/token`,
      registerAt: `${notion}/register`,
      refusesToken: (_, { authorization }) =>
        authorization === undefined
          ? undefined
          : { status: 400, json: { error: 'invalid_request', error_description: 'multiple authentication methods' } },
      rotates: true,
    }),
  },
  {
    vendor: 'Linear',
    what: 'registration, and a refresh token that is replaced',
    ...server({
      mcp: `${linear}/mcp`,
      resourceMetadata: named(`${linear}/mcp`, linear),
      metadata: { [`${linear}${oauth}`]: simple(linear, { client_id_metadata_document_supported: true }) },
      token: `${linear}/token`,
      registerAt: `${linear}/register`,
      rotates: true,
    }),
  },
  {
    vendor: 'Figma',
    what: 'a stranger is refused, and told what to do',
    refusal: /Figma admits the clients of its own catalog only/,
    ...figma((request) => (request.body['client_name'] === 'mcp-auth' ? { status: 403, text: 'Forbidden' } : registered(request))),
  },
  {
    vendor: 'Figma',
    what: 'a client that it has admitted: a secret beside the method none, which is wanted',
    ...figma((request) => ({
      status: 201,
      json: { ...request.body, client_id: 'admitted', client_secret: 'wanted', token_endpoint_auth_method: 'none' },
    })),
  },
  {
    vendor: 'Sentry',
    what: 'its own server, the resource with its path',
    ...server({
      mcp: 'https://mcp.sentry.dev/mcp',
      resourceMetadata: named('https://mcp.sentry.dev/mcp', 'https://mcp.sentry.dev', { scopes_supported: ['org:read'] }),
      metadata: {
        [`https://mcp.sentry.dev${oauth}`]: simple('https://mcp.sentry.dev', {
          authorization_endpoint: 'https://mcp.sentry.dev/oauth/authorize',
          token_endpoint: 'https://mcp.sentry.dev/oauth/token',
          registration_endpoint: 'https://mcp.sentry.dev/oauth/register',
        }),
      },
      token: 'https://mcp.sentry.dev/oauth/token',
      registerAt: 'https://mcp.sentry.dev/oauth/register',
      refuses: (request) => (request.get('resource') === 'https://mcp.sentry.dev/mcp' ? undefined : { error: 'invalid_target' }),
    }),
  },
  {
    vendor: 'Stripe',
    what: 'pages on another host',
    ...server({
      mcp: 'https://mcp.stripe.com/',
      resourceMetadata: named('https://mcp.stripe.com', 'https://access.stripe.com/mcp', { scopes_supported: ['mcp'] }),
      metadata: {
        [`https://access.stripe.com${oauth}/mcp`]: simple('https://access.stripe.com/mcp', {
          authorization_endpoint: 'https://access.stripe.com/mcp/oauth2/authorize',
          token_endpoint: 'https://access.stripe.com/mcp/oauth2/token',
          registration_endpoint: 'https://access.stripe.com/mcp/oauth2/register',
        }),
      },
      token: 'https://access.stripe.com/mcp/oauth2/token',
      registerAt: 'https://access.stripe.com/mcp/oauth2/register',
      refuses: (request) => (request.get('resource') === 'https://mcp.stripe.com' ? undefined : { page: 'no such resource' }),
    }),
  },
  {
    vendor: 'Cloudflare',
    what: 'a resource that is compared to the letter, and an issuer that is named',
    ...server({
      mcp: 'https://mcp.cloudflare.com/mcp',
      resourceMetadata: named('https://mcp.cloudflare.com/mcp', 'https://mcp.cloudflare.com'),
      metadata: {
        [`https://mcp.cloudflare.com${oauth}`]: simple('https://mcp.cloudflare.com', {
          authorization_response_iss_parameter_supported: true,
        }),
      },
      token: 'https://mcp.cloudflare.com/token',
      registerAt: 'https://mcp.cloudflare.com/register',
      refuses: (request) => (request.get('resource') === 'https://mcp.cloudflare.com/mcp' ? undefined : { error: 'invalid_target' }),
      refusesToken: (form) =>
        form['resource'] === 'https://mcp.cloudflare.com/mcp' ? undefined : { status: 400, json: { error: 'invalid_target' } },
      iss: 'https://mcp.cloudflare.com',
      rotates: true,
    }),
  },
];

function figma(register: (request: Request) => Answer): Pick<VendorServer, 'mcp' | 'answer' | 'authorize'> {
  return server({
    mcp: 'https://mcp.figma.com/mcp',
    resourceMetadata: named('https://mcp.figma.com/mcp', 'https://api.figma.com', { scopes_supported: ['mcp:connect'] }),
    metadata: {
      [`https://api.figma.com${oauth}`]: simple('https://api.figma.com', {
        authorization_endpoint: 'https://www.figma.com/oauth/mcp',
        token_endpoint: 'https://api.figma.com/v1/oauth/token',
        registration_endpoint: 'https://api.figma.com/v1/oauth/mcp/register',
      }),
    },
    token: 'https://api.figma.com/v1/oauth/token',
    registerAt: 'https://api.figma.com/v1/oauth/mcp/register',
    register,
    refusesToken: (form) =>
      form['client_secret'] === 'wanted'
        ? undefined
        : { status: 400, json: { error: 'invalid_request', error_description: 'Client secret is required' } },
  });
}
