/** An authorization server with strict rules, and an MCP server that names it. */
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

/** The response of the authorization endpoint: a redirect with these parameters, or an error page. */
export type Page = Readonly<Record<string, string>> | { readonly page: string };

export interface VendorServer {
  /** Its name in `src/oauth/vendors`. */
  readonly vendor: string;
  readonly what: string;
  /** The URL of the MCP server. */
  readonly mcp: string;
  /** Further arguments of `login`. */
  readonly words?: readonly string[];
  /** Whether mcp-auth chooses the flow; otherwise `--flow paste` is passed. */
  readonly isAutomatic?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** The error message, if the login fails. */
  readonly refusal?: RegExp;
  /** The message about the vendor. */
  readonly says?: RegExp;
  readonly answer: (request: Request) => Answer | undefined;
  readonly authorize: (request: URLSearchParams) => Page;
}

interface Rules {
  readonly mcp: string;
  /** The metadata, by its URL. */
  readonly metadata: Readonly<Record<string, Record<string, unknown>>>;
  readonly resourceMetadata?: Record<string, unknown> | undefined;
  /** Whether the server accepts a session without a token. */
  readonly isLazy?: boolean;
  readonly token: string;
  readonly register?: (request: Request) => Answer;
  readonly registerAt?: string;
  /** The error for a request; undefined to accept it. */
  readonly refuses?: (request: URLSearchParams) => Page | undefined;
  readonly refusesToken?: (form: Record<string, unknown>, request: Request) => Answer | undefined;
  /** Whether a refresh token is issued for a request. */
  readonly givesRefreshToken?: (request: URLSearchParams) => boolean;
  /** Creates the token response. */
  readonly shape?: (tokens: Tokens, form: Record<string, unknown>) => Answer;
  readonly iss?: string;
  /** Whether a refresh token can be used only once. */
  readonly rotates?: boolean;
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string | undefined;
}

/** A server with these rules. Codes can be used once, PKCE is checked, and only issued tokens are accepted. */
export function server({ mcp, metadata, token, ...rules }: Rules): Pick<VendorServer, 'mcp' | 'answer' | 'authorize'> {
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

export function registered({ body }: Request): Answer {
  return { status: 201, json: { ...body, client_id: 'registered' } };
}

export const S256 = { code_challenge_methods_supported: ['S256'] };
export const openid = '/.well-known/openid-configuration';
export const oauth = '/.well-known/oauth-authorization-server';
export const named = (mcp: string, issuer: string, more: Record<string, unknown> = {}) => ({
  resource: mcp,
  authorization_servers: [issuer],
  ...more,
});
export const has = (request: URLSearchParams, scope: string) => request.get('scope')?.split(' ').includes(scope) ?? false;
export const secret = { MCP_AUTH_CLIENT_SECRET: 'a/secret+of=it' };
export const simple = (issuer: string, more: Record<string, unknown> = {}) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  ...S256,
  ...more,
});
