/** Dynamic client registration: RFC 7591, with `application_type` of OpenID Connect Dynamic Client Registration 1.0. */
import { dynamicClientRegistrationRequest, processDynamicClientRegistrationResponse } from 'oauth4webapi';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { quoted } from '../server-text.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';
import { canAuthenticate } from './client-authentication.js';
import { mended, registrationMends } from './lenience.js';
import { OAuthError, protocolError } from './protocol-error.js';
import { requestOptions } from './request-options.js';

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** RFC 7591 section 3.2.1: a client as its authorization server knows it, on the wire and on disk. */
export interface ClientInformation {
  client_id: string;
  client_secret?: string;
  /** Seconds since the epoch; 0 for never. */
  client_secret_expires_at?: number;
  client_id_issued_at?: number;
  token_endpoint_auth_method?: string;
  grant_types?: string[];
  redirect_uris?: string[];
  scope?: string;
  /** How we came by it; ours, not the RFC's. */
  obtained_by?: 'dynamic_registration';
}

/** The members of a registration answer that are worth keeping, and none beside them. */
const kept = [
  'client_id',
  'client_secret',
  'client_secret_expires_at',
  'client_id_issued_at',
  'token_endpoint_auth_method',
  'grant_types',
  'redirect_uris',
  'scope',
] as const satisfies (keyof ClientInformation)[];

/**
 * Registers this program with an authorization server. Where the server offers the device grant it is asked for, and
 * asked for no longer when the server refuses the registration because of it.
 *
 * @param redirectUri where the authorization response is to go; a native application's loopback address.
 * @throws AuthError `registration_unsupported`, `registration_refused` with the server's reason, `client_unusable`.
 */
export async function requestRegistration(
  { metadata, redirectUri }: { metadata: AuthorizationServerMetadata; redirectUri: string },
  context: Pick<Context, 'http' | 'signal'>,
): Promise<ClientInformation> {
  if (metadata.registration_endpoint === undefined) {
    throw new AuthError('registration_unsupported', `${metadata.issuer} lets no client register itself.`, {
      hint: 'Whoever runs it has to register mcp-auth by hand; this version cannot use such a registration yet.',
    });
  }
  const grants = grantTypes(metadata);
  const register = (grant_types: string[]) => requestOnce({ metadata, redirectUri, grant_types }, context);
  const client = await register(grants).catch((error: unknown) => {
    const withoutDevice = grants.filter((grant) => grant !== deviceCodeGrant);
    if (!(error instanceof OAuthError) || withoutDevice.length === grants.length) throw refused(error, metadata);
    return register(withoutDevice).catch((again: unknown) => {
      throw refused(again, metadata);
    });
  });
  return checked(client, { metadata, redirectUri });
}

/** Whether a registration that the store holds can be used again, at `now` (milliseconds since the epoch). */
export function isUsable(client: ClientInformation, { metadata, now }: { metadata: AuthorizationServerMetadata; now: number }): boolean {
  const expires = client.client_secret_expires_at ?? 0;
  if (expires !== 0 && expires * 1000 <= now) return false;
  return client.redirect_uris?.[0] !== undefined && canAuthenticate(client, metadata);
}

/** Whether the registration lets the client use the device grant. An answer without `grant_types` leaves it open. */
export function hasDeviceGrant(client: ClientInformation): boolean {
  return client.grant_types?.includes(deviceCodeGrant) ?? true;
}

function grantTypes(metadata: AuthorizationServerMetadata): string[] {
  const grants = ['authorization_code', 'refresh_token'];
  return metadata.device_authorization_endpoint === undefined ? grants : [...grants, deviceCodeGrant];
}

async function requestOnce(
  { metadata, redirectUri, grant_types }: { metadata: AuthorizationServerMetadata; redirectUri: string; grant_types: string[] },
  context: Pick<Context, 'http' | 'signal'>,
): Promise<ClientInformation> {
  try {
    const response = await dynamicClientRegistrationRequest(
      metadata,
      {
        client_name: 'mcp-auth',
        application_type: 'native',
        redirect_uris: [redirectUri],
        grant_types,
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      requestOptions(metadata, context),
    );
    const answer = await processDynamicClientRegistrationResponse(await mended(response, { mends: registrationMends, status: 201 }));
    const client = Object.fromEntries(kept.flatMap((key) => (answer[key] === undefined ? [] : [[key, answer[key]]])));
    return { ...client, obtained_by: 'dynamic_registration' } as ClientInformation;
  } catch (error) {
    throw protocolError(error, `The registration endpoint of ${metadata.issuer}`);
  }
}

/** Finds out now what would otherwise fail after the person has approved. */
function checked(
  client: ClientInformation,
  { metadata, redirectUri }: { metadata: AuthorizationServerMetadata; redirectUri: string },
): ClientInformation {
  const unusable = (why: string) =>
    new AuthError('client_unusable', `The registration that ${metadata.issuer} gave cannot be used: ${why}.`);
  if (client.redirect_uris !== undefined && !client.redirect_uris.includes(redirectUri)) {
    throw unusable(`it is for the redirect URIs ${quoted(client.redirect_uris)} and not for ${redirectUri}`);
  }
  if (!canAuthenticate(client, metadata)) {
    throw unusable(`the client must authenticate (${quoted(client.token_endpoint_auth_method)}) but was given no secret`);
  }
  return { ...client, redirect_uris: [redirectUri] };
}

function refused(error: unknown, { issuer }: AuthorizationServerMetadata): unknown {
  if (!(error instanceof AuthError) || error.code !== 'request_refused') return error;
  return new AuthError('registration_refused', error.message, {
    hint: `${new URL(issuer).host} may only take clients that it knows. Ask whoever runs it.`,
    cause: error,
  });
}
