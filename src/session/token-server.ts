/** Where the tokens of a stored login are renewed and revoked, as which client, and what may be sent there. */
import type { Effects } from '../effects.js';
import { AuthError } from '../errors.js';
import { parseAllowedUrl } from '../http/url-policy.js';
import { createDefaultMetadata, requestAuthorizationServer, type AuthorizationServerRequest } from '../oauth/authorization-server.js';
import type { ClientInformation } from '../oauth/client-information.js';
import { collectOwnAddresses, isOwnAddress } from '../oauth/endpoints.js';
import type { TokenServer } from '../oauth/token.js';
import { findClient } from '../store/clients.js';
import { findServer, type StoreDocument } from '../store/document.js';
import { createFingerprint } from '../store/fingerprint.js';
import type { Login } from '../store/login.js';
import { readSettings } from '../store/settings.js';
import { formatCommand } from '../text/command-line.js';
import { createLoginNeededError } from './login-needed.js';

/** A login, the name of its server, and the document that it was read from. */
export interface LoginInDocument {
  readonly name: string;
  readonly login: Login;
  readonly document: StoreDocument;
}

/**
 * The authorization server of a login, as far as tokens need it: from the store, or else from its metadata. A stored token
 * endpoint that is not an own address of the issuer is not trusted with credentials, since the login may be imported with the
 * issuer and the client id of another authorization server. The metadata is requested again then.
 *
 * @throws AuthError `login_needed` if the login has no issuer, `server_failed` if the issuer has no metadata, and as
 * `requestAuthorizationServer` does.
 */
export async function findTokenServer(stored: LoginInDocument, effects: Pick<Effects, 'http' | 'signal'>): Promise<TokenServer> {
  const { name, login, document } = stored;
  const { issuer, tokenEndpoint } = login;
  if (issuer === undefined || !URL.canParse(issuer)) {
    throw createLoginNeededError(name, `The token of ${name} was not obtained by mcp-auth and cannot be renewed`);
  }
  if (tokenEndpoint !== undefined && mayReceiveCredentials(tokenEndpoint, stored)) {
    const url = parseAllowedUrl(tokenEndpoint, { what: 'The token endpoint in the store', allowedNetwork: effects.http.allowedNetwork });
    return { issuer, token_endpoint: url.href };
  }
  const metadata = await requestAuthorizationServer(createIssuerRequest({ issuer, name, document }), effects);
  if (metadata !== undefined) return metadata;
  // In MCP 2025-03-26, a server may have no metadata; its issuer is its origin.
  const { origin } = new URL(issuer);
  if (issuer === origin) return createDefaultMetadata(origin);
  throw new AuthError('server_failed', `${issuer} no longer has metadata.`, {
    hint: `Try again, or run: ${formatCommand`mcp-auth login ${name}`}`,
  });
}

/**
 * Whether the credentials of a login's client may be sent to a stored URL: only to an own address of the issuer. True if the login
 * has no credentials.
 */
export function mayReceiveCredentials(url: string, { name, login, document }: LoginInDocument): boolean {
  const { issuer = '', clientId, flow } = login;
  const client = findClient(document, issuer, clientId);
  const hasCredentials = client?.client_secret !== undefined || client?.private_key_file !== undefined || flow !== undefined;
  if (!hasCredentials || !URL.canParse(url)) return true;
  const { trustedEndpoints: trusted } = readSettings(findServer(document, name));
  return isOwnAddress(new URL(url), collectOwnAddresses({ issuer, trusted }));
}

/** The request for the metadata of a login's issuer, with the settings of its server. */
export function createIssuerRequest({
  issuer,
  name,
  document,
}: Pick<LoginInDocument, 'name' | 'document'> & { readonly issuer: string }): AuthorizationServerRequest {
  const { trustedIssuer, metadataUrl } = readSettings(findServer(document, name));
  return { issuer, metadataUrl, trusted: trustedIssuer === undefined ? undefined : { issuer: trustedIssuer } };
}

/**
 * The registered client that a login belongs to; a public client of that id if the store no longer has it.
 *
 * @throws AuthError `login_needed` if the login has no client id.
 */
export function findLoginClient({ name, login, document }: LoginInDocument): ClientInformation {
  const { issuer, clientId } = login;
  if (clientId === undefined) throw createLoginNeededError(name, `The store does not say which client the login to ${name} belongs to`);
  const known = findClient(document, issuer, clientId);
  if (known !== undefined && isClientOf(login, known)) return known;
  return { client_id: clientId, token_endpoint_auth_method: 'none' };
}

/**
 * Whether an imported login may use a client: only one with the secret that was imported with it. Otherwise a document could name
 * the id of a client of this store, and use its secret.
 */
function isClientOf(
  { importedSecretFingerprint }: Login,
  { client_secret: secret = '', private_key_file: keyFile }: ClientInformation,
): boolean {
  if (importedSecretFingerprint === undefined) return true;
  return keyFile === undefined && createFingerprint(secret) === importedSecretFingerprint;
}
