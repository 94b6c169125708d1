import type { Vendor } from './vendor.js';

export const figma: Vendor = {
  name: 'Figma',
  issuers: ['https://api.figma.com'],
  isIssuer: ({ hostname }) => hostname === 'api.figma.com',
  needs: {
    registration: {
      value:
        'Figma admits the clients of its own catalog only, by their names, and mcp-auth is not among them. Use Figma’s server in an app of https://www.figma.com/mcp-catalog/, or pass --client-id ID of a client that Figma has admitted for you.',
      source: 'punkpeye/mcp-remote#186, NousResearch/hermes-agent#73141',
    },
  },
  notes: [{ value: 'It gives a secret with the method `none`, and wants the secret.', source: 'NousResearch/hermes-agent#73141' }],
};
