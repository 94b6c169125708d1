/** A token that an agent lends to this machine. */
import type { Context } from '../context.js';
import { parseLentToken, type LentToken } from '../agent-protocol/messages.js';
import { AuthError } from '../errors.js';
import { formatCommand } from '../text/command-line.js';
import { requestText } from './agent.js';
import type { ServerAtAgent } from './lookup.js';

interface LentTokenRequest {
  readonly minTtl?: number | undefined;
  /** A token that the server has rejected: another one is lent. */
  readonly rejectedToken?: string | undefined;
}

/**
 * Requests the token and the headers of a server. The agent renews the token if that is necessary.
 *
 * @throws AuthError `agent_refused` if the agent lends no tokens to this machine, `login_needed`, `agent_away`, and as the agent says.
 */
export async function requestLentToken(
  server: ServerAtAgent,
  { minTtl, rejectedToken }: LentTokenRequest,
  context: Context,
): Promise<LentToken> {
  const { agent, name } = server;
  if (!agent.lendsTokens) throw createNotLentError(server);
  const path = `/v1/servers/${encodeURIComponent(name)}/headers`;
  const question = { socket: agent.socket, machine: agent.machine, server: name };
  const asked =
    rejectedToken === undefined
      ? { ...question, path: minTtl === undefined ? path : `${path}?min_ttl=${minTtl}` }
      : { ...question, path, body: { rejected_token: rejectedToken, ...(minTtl !== undefined && { min_ttl: minTtl }) } };
  const token = parseLentToken(await requestPatiently(asked, context));
  if (token.access_token !== undefined) context.env.secrets?.add(token.access_token);
  for (const value of Object.values(token.headers)) context.env.secrets?.add(value);
  return token;
}

/** Milliseconds after which the user is told what is waited for. */
const patience = 2_000;

async function requestPatiently(asked: Parameters<typeof requestText>[0], context: Context): Promise<string> {
  const tell = () =>
    context.ui.say(`Waiting for the agent on ${asked.machine}, which may be asking its user. There, run: mcp-auth agent status`);
  const stopAlarm = context.clock.alarm(patience, tell);
  try {
    return await requestText(asked, context);
  } finally {
    stopAlarm();
  }
}

function createNotLentError({ agent, name }: ServerAtAgent): AuthError {
  return new AuthError(
    'agent_refused',
    `The login to ${name} is on ${agent.machine}, whose agent passes requests on but lends no token to this machine.`,
    {
      hint: `Use: ${formatCommand`mcp-auth bridge ${name}`}     To get tokens here, connect with: mcp-auth ssh --lend-tokens HOST`,
    },
  );
}
