import type { Vendor } from './vendor.js';

export const figma: Vendor = {
  name: 'Figma',
  issuers: ['https://api.figma.com'],
  isIssuer: ({ hostname }) => hostname === 'api.figma.com',
  needs: {
    registration: {
      value:
        'Figma accepts only the clients in its own catalog, by their names, and mcp-auth is not in it. Use Figma’s server with an app of https://www.figma.com/mcp-catalog/, or pass --client-id ID of a client that Figma has approved for you.',
      source: 'punkpeye/mcp-remote#186, NousResearch/hermes-agent#73141',
    },
  },
  notes: [
    {
      value: 'It registers a client with the method `none`, returns a secret, and requires the secret.',
      source: 'NousResearch/hermes-agent#73141',
    },
  ],
};
