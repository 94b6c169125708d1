import { AuthError } from '../errors.js';
import { getFreshLogin } from '../session/session.js';
import type { Command } from './command.js';

export const exec: Command = {
  description: 'Run a command with a fresh token in MCP_AUTH_TOKEN. Streams and exit code are those of the command.',
  arguments: [
    { syntax: '<name>', help: 'name of a server in the store', complete: 'server' },
    { syntax: '<command...>', help: 'command and its arguments, after --' },
  ],
  options: [],
  examples: [
    'exec linear -- node agent.js',
    'exec linear -- sh -c \'curl -H "Authorization: Bearer $MCP_AUTH_TOKEN" https://mcp.linear.app/mcp\'',
  ],
  run: async ({ arguments: [name = '', ...words] }, context) => {
    const { accessToken, tokenType } = await getFreshLogin({ name }, context);
    if (tokenType === 'dpop') {
      throw new AuthError(
        'not_a_login',
        `The token of ${name} is bound to a key (DPoP): a command that is handed nothing but the token cannot use it.`,
      );
    }
    return context.runProgram(
      words.filter((word) => word !== undefined),
      { MCP_AUTH_TOKEN: accessToken },
    );
  },
};
