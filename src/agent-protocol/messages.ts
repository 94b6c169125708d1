/**
 * What an agent and its clients say to each other, as JSON over HTTP on a Unix socket. docs/agent.md is the protocol. The two may be of
 * different versions: unknown members are ignored, and no member is renamed. What comes from the other side is hostile.
 */
import { AuthError } from '../errors.js';
import { isHeaderName, isHeaderValue } from '../http/header-line.js';
import { isObject, parseObject } from '../text/json.js';
import { isPrintable, toPrintable } from '../text/server-text.js';

export const protocolVersion = 1;

/** Set on every response of an agent to the version of its protocol. A response of an MCP server that it passes on has it too. */
export const agentHeader = 'mcp-auth-agent';

/** Set on a response that is an error of the agent, to its code. */
export const errorHeader = 'mcp-auth-error';

/** The URL of the server in the list that the other side has read, percent-encoded. Its name may be that of another server by now. */
export const serverHeader = 'mcp-auth-server';

/** The protocol of a connection that carries MCP messages as lines, as stdio does. The agent keeps the session with the server. */
export const linesProtocol = 'mcp-lines';

/** Names the address for messages of an MCP server with the older transport (HTTP with SSE). */
export const endpointHeader = 'mcp-auth-endpoint';

/** `GET /v1` */
export interface AgentDescription {
  readonly agent: 'mcp-auth';
  readonly protocol: number;
  readonly version: string;
  /** The name of the machine that has the logins. */
  readonly machine: string;
  /** Whether the socket is the owner's, or a restricted one. */
  readonly socket: 'owner' | 'restricted';
  readonly lends_tokens: boolean;
  /** The agent's store. On the owner's socket only. */
  readonly store?: string;
}

/** A server in `GET /v1/servers`; times in seconds since the epoch. */
export interface ServerDescription {
  readonly name: string;
  /** Without keys and query values on a restricted socket. */
  readonly url: string;
  readonly logged_in: boolean;
  readonly token_type?: 'bearer' | 'dpop';
  readonly expires_at?: number;
  /** Whether the agent can renew the token. */
  readonly renewable?: boolean;
}

/** `GET /v1/servers/NAME/headers`; times in seconds since the epoch. */
export interface LentToken {
  readonly access_token?: string;
  readonly token_type?: string;
  readonly expires_at?: number;
  /** The agent hands out the same token until this time. */
  readonly fresh_until?: number;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The body of `POST /v1/servers/NAME/headers`. */
export interface TokenQuestion {
  readonly min_ttl?: number;
  /** A token that the server has rejected: the response has another one. */
  readonly rejected_token?: string;
}

/** The body of `POST /v1/logins`. */
export interface LoginQuestion {
  /** The URL of an MCP server, or its name in the agent's store. */
  readonly server: string;
  /** Its name, if it is new there. */
  readonly name?: string;
  readonly scope?: string;
}

/** The body of `POST /v1/shares`. */
export interface ShareQuestion {
  readonly host: string;
  readonly only?: readonly string[];
  readonly lends_tokens?: boolean;
  readonly life_seconds?: number;
  readonly lasting?: boolean;
}

/** A restricted socket in `GET /v1/status`. */
export interface ShareStatus {
  readonly id: string;
  readonly host: string;
  readonly socket: string;
  readonly lasting: boolean;
  readonly only?: readonly string[];
  readonly lends_tokens: boolean;
  readonly since: number;
  readonly until?: number;
  /** Connections that are open now. */
  readonly connections: number;
  readonly used: readonly { readonly server: string; readonly requests: number; readonly tokens: number; readonly last: number }[];
}

/** A question that the user has not answered yet. */
export interface PendingQuestion {
  readonly id: string;
  readonly host: string;
  readonly text: string;
  readonly since: number;
}

/** The identity of a sealed store, in `GET /v1/status`. */
export interface IdentityStatus {
  /** Whether the agent refuses to use one. */
  readonly locked: boolean;
  /** How a sentence names the identity, at its start; absent if none is configured. */
  readonly identity?: string;
  /** When it is forgotten. */
  readonly until?: number;
}

/** `GET /v1/status` */
export interface AgentStatus extends AgentDescription {
  readonly since: number;
  /** Absent if the store is not sealed. */
  readonly seal?: IdentityStatus;
  readonly shares: readonly ShareStatus[];
  readonly questions: readonly PendingQuestion[];
}

/** Parses a response to `GET /v1`. @throws AuthError `agent_failed` */
export function parseDescription(text: string): AgentDescription {
  const value = parseObject(text);
  if (value?.['agent'] !== 'mcp-auth' || typeof value['protocol'] !== 'number') {
    throw new AuthError('agent_failed', 'The socket is not one of an mcp-auth agent.', { hint: 'Check MCP_AUTH_SOCK.' });
  }
  if (value['protocol'] !== protocolVersion) {
    throw new AuthError(
      'agent_failed',
      `The agent speaks version ${value['protocol']} of the protocol, and this mcp-auth version ${protocolVersion}.`,
      {
        hint: 'Update mcp-auth on both machines.',
      },
    );
  }
  const machine = typeof value['machine'] === 'string' ? toPrintable(value['machine']).slice(0, 40) : '';
  return {
    agent: 'mcp-auth',
    protocol: protocolVersion,
    version: typeof value['version'] === 'string' ? toPrintable(value['version']).slice(0, 40) : '',
    machine: machine || 'another machine',
    socket: value['socket'] === 'owner' ? 'owner' : 'restricted',
    lends_tokens: value['lends_tokens'] === true,
    ...(typeof value['store'] === 'string' && { store: value['store'] }),
  };
}

/** The most servers that are read from one agent. */
const maxServers = 1000;

/** Parses a response to `GET /v1/servers`. Entries that are not servers are left out. @throws AuthError `agent_failed` */
export function parseServers(text: string): ServerDescription[] {
  const servers = parseObject(text)?.['servers'];
  if (!Array.isArray(servers)) throw createInvalidError();
  return servers.slice(0, maxServers).flatMap((one: unknown) => {
    if (!isObject(one) || !isShownName(one['name']) || !isWholeUrl(one['url'])) return [];
    const { name, url, expires_at: expiresAt, token_type: type, renewable } = one;
    return {
      name,
      url,
      logged_in: one['logged_in'] === true,
      ...(type === 'bearer' || type === 'dpop' ? { token_type: type } : {}),
      ...(isTime(expiresAt) && { expires_at: expiresAt }),
      ...(typeof renewable === 'boolean' && { renewable }),
    };
  });
}

/** Parses a response to `GET /v1/servers/NAME/headers`, which programs send on as it is. @throws AuthError `agent_failed` */
export function parseLentToken(text: string): LentToken {
  const value = parseObject(text);
  const headers = value?.['headers'];
  if (value === undefined || !isObject(headers) || !Object.entries(headers).every(isHeader)) throw createInvalidError();
  const optional = (member: string, isValid: (one: unknown) => boolean) => {
    if (value[member] === undefined) return {};
    if (!isValid(value[member])) throw createInvalidError();
    return { [member]: value[member] };
  };
  return {
    ...optional('access_token', isToken),
    ...optional('token_type', isToken),
    ...optional('expires_at', isTime),
    ...optional('fresh_until', isTime),
    ...optional('url', isWholeUrl),
    headers: headers as Record<string, string>,
  };
}

const maxNameCharacters = 128;

/** A name that the user sees as it is. */
function isShownName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name.length <= maxNameCharacters && isPrintable(name);
}

/** An agent has expanded the variables of its store. Those in its answer would be filled with secrets of this machine. */
function isWholeUrl(url: unknown): url is string {
  return typeof url === 'string' && isPrintable(url) && URL.canParse(url) && !url.includes('${');
}

/** RFC 6750 section 2.1 allows fewer characters; none of these ends a line or is an escape of the terminal. */
function isToken(text: unknown): boolean {
  return typeof text === 'string' && /^[\x21-\x7e]+$/.test(text);
}

function isHeader([name, value]: [string, unknown]): boolean {
  return isHeaderName(name) && typeof value === 'string' && isHeaderValue(value);
}

/** Seconds since the epoch that a date can have. */
function isTime(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && Math.abs(seconds) <= maxSeconds;
}

const maxSeconds = 8.64e12;

export function createInvalidError(): AuthError {
  return new AuthError('agent_failed', 'The agent sent a response that mcp-auth does not understand.', {
    hint: 'Update mcp-auth on both machines.',
  });
}
