import type { Vendor } from './vendor.js';

export const notion: Vendor = {
  name: 'Notion',
  issuers: ['https://mcp.notion.com'],
  isIssuer: ({ hostname }) => hostname === 'mcp.notion.com',
  needs: {},
  notes: [
    {
      value: 'A refresh token can be used once; using it twice ends the whole login. Let only mcp-auth renew it.',
      source: 'damianvtran/local-operator#345, makenotion/notion-cookbook#1',
    },
    { value: 'A client must register with the method `none`, as mcp-auth does.', source: 'onyx-dot-app/onyx#12874' },
  ],
};
