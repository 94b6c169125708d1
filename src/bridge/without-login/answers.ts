/** What the bridge answers by itself while there is no login: an MCP server with tools only. */
import { version } from '../../version.js';
import type { LastSeen } from '../../store/last-seen.js';
import { isObject } from '../../text/json.js';
import type { AppRequest } from './app-request.js';
import { instructions, listTools } from './own-tools.js';

type Result = Readonly<Record<string, unknown>>;

interface Knowledge {
  /** What the server last said about itself. */
  readonly seen: LastSeen;
  /** Whether the user has to bring back the address that the browser ends on. */
  readonly needsRedirectUrl: boolean;
}

/** The versions with `initialize`, oldest first. */
const versions = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;
const latestVersion = '2025-11-25';

/** The result for each method; undefined if the method is not supported without a login. */
const answers: Readonly<Record<string, (request: AppRequest, knowledge: Knowledge) => Result | undefined>> = {
  initialize: ({ params }, { seen }) => ({
    protocolVersion: chooseVersion(params['protocolVersion'], seen.initialize?.['protocolVersion']),
    capabilities: createCapabilities(seen.initialize),
    serverInfo: isObject(seen.initialize?.['serverInfo']) ? seen.initialize['serverInfo'] : { name: 'mcp-auth', version },
    instructions,
  }),
  // Whether the server supports MCP 2026-07-28 is known only if it has said so. The app then uses `initialize`.
  'server/discover': (_, { seen: { discover } }) => discover && { ...discover, capabilities: createCapabilities(discover), instructions },
  ping: () => ({}),
  'tools/list': (_, { seen, needsRedirectUrl }) => ({ tools: listTools(seen.tools ?? [], { needsRedirectUrl }) }),
  'prompts/list': () => ({ prompts: [] }),
  'resources/list': () => ({ resources: [] }),
  'resources/templates/list': () => ({ resourceTemplates: [] }),
  'completion/complete': () => ({ completion: { values: [] } }),
  'logging/setLevel': () => ({}),
};

/** Members that every result of MCP 2026-07-28 has, and those of results that may be cached: not for long. */
const completed = { resultType: 'complete' } as const;
const uncached = { ttlMs: 0, cacheScope: 'private' } as const;

/** The result of a request that needs no login. Undefined for every other. */
export function answerWithoutLogin(request: AppRequest, knowledge: Knowledge): Result | undefined {
  const result = Object.hasOwn(answers, request.method) ? answers[request.method]?.(request, knowledge) : undefined;
  if (result === undefined || !request.isStateless) return result;
  return { ...result, ...completed, ...(/list$|discover$/.test(request.method) && uncached) };
}

/** A tool result with a text for the model. */
export function createToolResult(text: string, { isError, isStateless }: { isError: boolean; isStateless: boolean }): Result {
  return { content: [{ type: 'text', text }], ...(isError && { isError }), ...(isStateless && completed) };
}

/** What the app asks for, but not a later version than the server had: after the login, the messages are the server's. */
function chooseVersion(requested: unknown, known: unknown): string {
  const wanted = versions.find((one) => one === requested) ?? latestVersion;
  const limit = versions.find((one) => one === known) ?? latestVersion;
  return wanted < limit ? wanted : limit;
}

/** Those of the server, if it is known, and in any case changing lists: after the login they are others. */
function createCapabilities(known: Result | undefined): Result {
  const capabilities = isObject(known?.['capabilities']) ? known['capabilities'] : { prompts: {}, resources: {} };
  const listed = ['tools', 'prompts', 'resources'].filter((name) => name === 'tools' || isObject(capabilities[name]));
  const changing = listed.map((name) => [name, { ...(capabilities[name] as object | undefined), listChanged: true }] as const);
  return { ...capabilities, ...Object.fromEntries(changing) };
}

/** The lists that have changed after the login, as MCP's notifications name them. */
export function listChangedLists(known: Result | undefined): string[] {
  return ['tools', 'prompts', 'resources'].filter((name) => Object.hasOwn(createCapabilities(known), name));
}
