import type { Vendor } from './vendor.js';

export const notion: Vendor = {
  name: 'Notion',
  issuers: ['https://mcp.notion.com'],
  isIssuer: ({ hostname }) => hostname === 'mcp.notion.com',
  needs: {},
  notes: [
    {
      value: 'A refresh token is good once; used twice, it ends the whole login. Let mcp-auth alone renew it.',
      source: 'damianvtran/local-operator#345, makenotion/notion-cookbook#1',
    },
    { value: 'A client has to register with the method `none`, as mcp-auth does.', source: 'onyx-dot-app/onyx#12874' },
  ],
};
