/** Linear. */
import { named, oauth, server, simple, type VendorServer } from './server.js';

const linear = 'https://mcp.linear.app';

export const linearServers: readonly VendorServer[] = [
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
];
