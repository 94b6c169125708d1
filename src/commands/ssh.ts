import type { Command, CommandOption } from './command.js';
import { parseServerNames } from './names-option.js';
import { parseSeconds } from './seconds-option.js';

const options = [
  {
    flags: '--only <names>',
    help: 'names of the servers that the remote machine may use, with commas between them (default: you are asked once for each)',
    complete: 'server',
    parse: parseServerNames,
  },
  { flags: '--lend-tokens', help: 'also give access tokens to the remote machine, for commands that need one' },
  {
    flags: '--life <seconds>',
    help: 'end the forwarding after this time (default: with the session)',
    parse: parseSeconds({ option: '--life', least: 1 }),
  },
] as const satisfies readonly CommandOption[];

export const ssh: Command<typeof options> = {
  description:
    'Run ssh, and let the remote machine use logins of this one while the session lasts. Its mcp-auth sends its requests to the agent here; refresh tokens stay here. All words from HOST on are for ssh.',
  arguments: [
    { syntax: '<host>', help: 'host as ssh takes it' },
    { syntax: '[words...]', help: 'options of ssh, and the command to run there' },
  ],
  options,
  examples: ['ssh dev.example.com', 'ssh --only linear,notion me@dev.example.com -p 2222', 'ssh dev.example.com mcp-auth list'],
  passesOptionsOn: true,
  run: async ({ arguments: words, options: { only, lendTokens = false, life } }, context) => {
    const { runSshSession } = await import('../ssh/session.js');
    const { openForwarding } = await import('../agent-client/forwarding.js');
    const rights = { only, lendsTokens: lendTokens, lifeSeconds: life };
    return runSshSession({ words: words.filter((word) => word !== undefined), rights, openForwarding }, context);
  },
};
