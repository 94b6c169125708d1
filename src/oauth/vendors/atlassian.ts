import type { Vendor } from './vendor.js';

const hosts = ['mcp.atlassian.com', 'cf.mcp.atlassian.com', 'auth.atlassian.com'];

export const atlassian: Vendor = {
  name: 'Atlassian',
  issuers: ['https://mcp.atlassian.com', 'https://auth.atlassian.com/…'],
  isIssuer: ({ hostname }) => hosts.includes(hostname),
  needs: {
    issuerForm: {
      value: (found, asked) => found.protocol === 'https:' && hosts.includes(found.host) && hosts.includes(asked.host),
      source: 'atlassian/atlassian-mcp-server#148, atlassian/atlassian-mcp-server#205',
    },
  },
  notes: [
    { value: 'A refresh must name the resource, as mcp-auth does.', source: 'anomalyco/opencode#34592' },
    {
      value: 'At `/v2/mcp` it has rejected loopback redirect URIs of dynamically registered clients, on an error page in the browser.',
      source: 'atlassian/atlassian-mcp-server#246, github/copilot-cli#4901',
    },
  ],
};
