/** The client-ID metadata document of a relay: draft-ietf-oauth-client-id-metadata-document. */
import { clientIdOf, redirectUriOf } from '../relay-protocol/messages.js';

/** `mcp_auth_relay` is the version of the protocol, by which a terminal recognises a relay. */
export function createClientDocument(origin: string): object {
  return {
    client_id: clientIdOf(origin),
    client_name: 'mcp-auth',
    redirect_uris: [redirectUriOf(origin), 'http://127.0.0.1/callback', 'http://localhost/callback'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    mcp_auth_relay: 1,
  };
}
