/** Atlassian. */
import { named, oauth, server, simple, type VendorServer } from './server.js';

export const atlassian: readonly VendorServer[] = [
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
];
