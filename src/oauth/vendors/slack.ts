import type { Vendor } from './vendor.js';

const hosts = ['slack.com', 'mcp.slack.com'];

export const slack: Vendor = {
  name: 'Slack',
  issuers: ['https://mcp.slack.com', 'https://slack.com'],
  isIssuer: ({ hostname }) => hosts.includes(hostname),
  needs: {
    issuerForm: {
      value: (found, asked) => found.protocol === 'https:' && hosts.includes(found.host) && hosts.includes(asked.host),
      source: 'NousResearch/hermes-agent#111964, CommandCodeAI/command-code#610',
    },
    registration: {
      value:
        'Slack does not support dynamic client registration: create a Slack app, add the redirect URL http://localhost:PORT/callback to it, and pass --client-id ID --redirect-uri http://localhost:PORT/callback with the same port.',
      source: 'slackapi/slack-skills-plugin#7, openai/codex#13200',
    },
  },
  notes: [
    {
      value: 'Its token responses have `ok`, and the user’s token in `authed_user`; the token type is “user” or “bot”.',
      source: 'https://docs.slack.dev/tools/node-slack-sdk/reference/oauth/interfaces/OAuthV2Response, UsefulSoftwareCo/executor#2050',
    },
    { value: 'The redirect URI is compared including its port.', source: 'anthropics/claude-code#37714' },
  ],
};
