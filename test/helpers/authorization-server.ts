/** A real authorization server on loopback: `oidc-provider` with everything that a login uses. */
import { generateKeyPairSync } from 'node:crypto';
import { Provider, type Configuration } from 'oidc-provider';
import { listen } from './listen.js';

export interface AuthorizationServer {
  readonly issuer: string;
  /** What the server saw, oldest first: `registration`, `grant authorization_code`, `refused invalid_grant`, `revoked` … */
  readonly log: string[];
  /** What an access token permits; undefined if it is unknown, revoked or expired. */
  inspect(token: string): Promise<{ audience: string; scopes: string[]; expiresAt: number } | undefined>;
  close(): Promise<void>;
}

export interface AuthorizationServerOptions {
  /** Whether there is a device authorization endpoint. */
  device?: boolean;
  /** Lifetime of an access token in seconds. */
  accessTokenLife?: number;
  /** Lifetime of a device code in seconds. */
  deviceCodeLife?: number;
  port?: number;
}

/** One key per process, because generating it is slow. */
const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });

export async function startAuthorizationServer({
  device = true,
  accessTokenLife = 3600,
  deviceCodeLife = 600,
  port = 0,
}: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const { origin: issuer, close } = await listen((request, response) => void handler(request, response), { port });

  const configuration: Configuration = {
    jwks: { keys: [{ ...signingKey, use: 'sig', alg: 'RS256' }] },
    cookies: { keys: ['demo'] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    rotateRefreshToken: true,
    pkce: { required: () => true },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: device },
      registration: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'tools:call',
          audience: resource,
          accessTokenTTL: accessTokenLife,
          accessTokenFormat: 'opaque',
        }),
      },
    },
    ttl: { DeviceCode: deviceCodeLife, Interaction: 600, Session: 600, Grant: 86_400, RefreshToken: 86_400 },
    clientDefaults: { token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] },
  };
  const provider = new Provider(issuer, configuration);
  const handler = provider.callback();

  const log: string[] = [];
  provider.on('registration_create.success', () => log.push('registration'));
  provider.on('registration_create.error', (_, error) => log.push(`registration refused ${error.message}`));
  provider.on('grant.success', (context) => log.push(`grant ${String(context.oidc.params?.['grant_type']).split(':').at(-1)}`));
  provider.on('grant.error', (_, error) => log.push(`refused ${error.message}`));
  provider.on('grant.revoked', () => log.push('grant revoked'));
  provider.on('access_token.destroyed', () => log.push('access token revoked'));
  provider.on('refresh_token.destroyed', () => log.push('refresh token revoked'));

  return {
    issuer,
    log,
    inspect: async (token) => {
      const found = await provider.AccessToken.find(token);
      if (!found?.isValid) return undefined;
      return { audience: String(found.aud), scopes: [...found.scopes], expiresAt: found.exp ?? 0 };
    },
    close,
  };
}
