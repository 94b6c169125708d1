import { requestLentToken } from '../agent-client/lent-token.js';
import { findAtAgents } from '../agent-client/lookup.js';
import type { Context } from '../context.js';
import { getBearerToken } from '../session/bearer-token.js';
import { getFreshLogin } from '../session/session.js';
import { formatCommand } from '../text/command-line.js';
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
    const server = await findAtAgents({ name }, context);
    const token =
      server === undefined ? await getStoredToken(name, context) : ((await requestLentToken(server, {}, context)).access_token ?? '');
    return context.runProgram(
      words.filter((word) => word !== undefined),
      { MCP_AUTH_TOKEN: token },
    );
  },
};

async function getStoredToken(name: string, context: Context): Promise<string> {
  const login = await getFreshLogin({ name }, context);
  return getBearerToken(login, { name, hint: `Use: ${formatCommand`mcp-auth bridge ${name}`}` });
}
