/** Keycloak. */
import { named, oauth, registered, server, simple, type VendorServer } from './server.js';

export const keycloak: readonly VendorServer[] = [
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
];
