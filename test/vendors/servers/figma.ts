/** Figma. */
import { type Answer, named, oauth, registered, type Request, server, simple, type VendorServer } from './server.js';

export const figmaServers: readonly VendorServer[] = [
  {
    vendor: 'Figma',
    what: 'an unknown client is refused, with a hint',
    refusal: /Figma accepts only the clients in its own catalog/,
    ...figma((request) => (request.body['client_name'] === 'mcp-auth' ? { status: 403, text: 'Forbidden' } : registered(request))),
  },
  {
    vendor: 'Figma',
    what: 'an approved client: the method none with a secret, which is required',
    ...figma((request) => ({
      status: 201,
      json: { ...request.body, client_id: 'admitted', client_secret: 'wanted', token_endpoint_auth_method: 'none' },
    })),
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
