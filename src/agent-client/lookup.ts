/** Finds a login that the store of this machine does not have at an agent. */
import type { Context } from '../context.js';
import type { ServerDescription } from '../agent-protocol/messages.js';
import { toAuthError } from '../errors.js';
import { findServer, isSameUrl, listServers, type ServerEntry } from '../store/document.js';
import { getRemainingSeconds } from '../store/freshness.js';
import { readLogin } from '../store/login.js';
import { expandsToUrl } from '../store/variables.js';
import { quote, redactUrl } from '../text/server-text.js';
import { anotherMachine, createAwayError, requestServers, type KnownAgent } from './agent.js';

/** A server of an agent, under the name that it has there. */
export interface ServerAtAgent extends ServerDescription {
  readonly agent: KnownAgent;
}

/** What the agents have, best first, and the machines whose agent is away. */
export interface AgentServers {
  readonly servers: readonly ServerAtAgent[];
  readonly away: readonly string[];
}

/** A server by its name in the store, or by its URL; by both, if it must be the one of that name which has that URL. */
export type WantedServer =
  { readonly name: string; readonly url?: string | undefined } | { readonly url: string; readonly name?: string | undefined };

/** Asks all agents at once. An agent that fails is reported as a warning, and counts as one that has nothing. */
export async function listAtAgents(context: Context): Promise<AgentServers> {
  const sockets = context.agents?.list() ?? [];
  const away = new Set(context.agents?.listAway());
  const answers = await Promise.all(
    sockets.map(async (socket) => {
      try {
        return await requestServers(socket, context);
      } catch (error) {
        if (context.signal.aborted) throw error;
        const { code, message } = toAuthError(error);
        if (code === 'agent_away') away.add(socket.machine ?? anotherMachine);
        else context.ui.warn(`The agent at ${quote(socket.path)}: ${message}`);
        return undefined;
      }
    }),
  );
  // The agent of this very store has nothing else.
  const known = answers.flatMap((answer) => (answer === undefined || answer.agent.store === context.store.path ? [] : [answer]));
  // It is back under another path.
  for (const { agent } of known) away.delete(agent.machine);
  return { servers: known.flatMap(({ agent, servers }) => servers.map((server) => ({ ...server, agent }))), away: [...away] };
}

/**
 * Where the login to a server is, if not in the store of this machine: at an agent. Undefined if the store has it, or if no agent has
 * it either: the store's error then says what is missing.
 *
 * @throws AuthError `agent_away` if it may be at an agent that is away.
 */
export async function findAtAgents(wanted: WantedServer, context: Context): Promise<ServerAtAgent | undefined> {
  const { agents } = context;
  if (agents === undefined || (agents.list().length === 0 && agents.listAway().length === 0)) return undefined;
  const entry = findEntry(wanted, context, await context.store.read());
  if (entry !== undefined && hasOwnLogin(entry, context)) return undefined;
  const { servers, away } = await listAtAgents(context);
  const url = wanted.url ?? (typeof entry?.url === 'string' ? entry.url : undefined);
  const found = servers.find((server) => isWanted(server, { name: wanted.name, url }));
  if (found !== undefined) return found;
  if (away.length > 0) throw createAwayError(away);
  return undefined;
}

function findEntry(
  { name, url = '' }: WantedServer,
  { env }: Context,
  document: Awaited<ReturnType<Context['store']['read']>>,
): ServerEntry | undefined {
  if (name !== undefined) return findServer(document, name);
  return listServers(document).find(([, entry]) => expandsToUrl(entry.url, url, env))?.[1];
}

/** Whether a login of the store can still be used, or the entry needs none: another program has given it a key. */
function hasOwnLogin(entry: ServerEntry, context: Context): boolean {
  const login = readLogin(entry);
  if (login === undefined)
    return entry.url === undefined || Object.keys(entry.headers ?? {}).some((name) => name.toLowerCase() === 'authorization');
  const { endedAtSeconds, refreshToken, flow } = login;
  return endedAtSeconds === undefined && (getRemainingSeconds(login, context) > 0 || refreshToken !== undefined || flow !== undefined);
}

/** A restricted socket shows URLs without their keys. A name alone is not enough if the store has a URL for it. */
function isWanted(server: ServerAtAgent, { name, url }: { name: string | undefined; url: string | undefined }): boolean {
  if (name !== undefined && server.name !== name) return false;
  return url === undefined || isSameUrl(server.url, url) || server.url === redactUrl(url);
}
