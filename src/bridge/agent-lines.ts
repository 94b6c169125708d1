/**
 * The bridge for a login that an agent has: the agent runs the bridge to the server, and this process passes the lines of the app on.
 * When the connection to the agent is lost, it is opened again with the next message, and the session as the app opened it.
 */
import type { Duplex } from 'node:stream';
import { getAgents, createAwayError, watchPresence, whilePresent } from '../agent-client/agent.js';
import { findAtAgents, type ServerAtAgent, type WantedServer } from '../agent-client/lookup.js';
import { parseFailure } from '../agent-protocol/failure.js';
import { linesProtocol, serverHeader } from '../agent-protocol/messages.js';
import type { Context } from '../context.js';
import type { BinaryString, Lines, Upgraded } from '../effects.js';
import { AuthError, toAuthError } from '../errors.js';
import { createLineWriter, forEachLine } from '../text/json-lines.js';
import { fromBinary } from '../text/binary-string.js';
import { readBody } from './body.js';
import { createFailureResponse, isResponseTo, listRequestIds, parseMessage, parseResponseId, type Message } from './json-rpc.js';
import { Opening } from './opening.js';

export interface AgentLinesOptions {
  readonly wanted: WantedServer;
  readonly server: ServerAtAgent;
}

/** Passes messages on until the app closes its side or the command is interrupted. A request that fails is answered with an error. */
export async function runBridgeAtAgent(options: AgentLinesOptions, lines: Lines, context: Context): Promise<void> {
  await new BridgeAtAgent(options, lines, context).run();
}

/** Milliseconds that the agent may take to end the session once the app has closed its side. It waits for responses for two seconds. */
const closingTimeout = 6_000;

interface Connection {
  readonly stream: Duplex;
  readonly write: Lines['write'];
  /** Resolves when it is closed. */
  readonly ended: Promise<void>;
}

class BridgeAtAgent {
  readonly #wanted: WantedServer;
  readonly #lines: Lines;
  readonly #context: Context;
  readonly #opening = new Opening();
  /** Requests of the app that wait for their response. */
  readonly #waiting = new Set<string | number>();
  #server: ServerAtAgent;
  #connection: Promise<Connection> | undefined;
  /** The id of a request that is sent again, whose response the app has had; and what its response resolves. */
  #replayed: { readonly id: string | number; readonly resolve: () => void } | undefined;

  constructor({ wanted, server }: AgentLinesOptions, lines: Lines, context: Context) {
    this.#wanted = wanted;
    this.#server = server;
    this.#lines = lines;
    this.#context = context;
  }

  async run(): Promise<void> {
    await this.#lines.each((line) => this.#receive(line));
    const connection = await this.#connection?.catch(() => undefined);
    if (connection === undefined) return;
    // The agent ends the session, and then the connection.
    connection.stream.end();
    const stopAlarm = this.#context.clock.alarm(closingTimeout, () => void connection.stream.destroy());
    await connection.ended;
    stopAlarm();
  }

  /** A line from the app. */
  #receive(line: BinaryString): Promise<void> | undefined {
    const message = parseMessage(line);
    if (message !== undefined) for (const id of listRequestIds(message)) this.#waiting.add(id);
    const sent = this.#send(line, message);
    return sent?.catch(async (error: unknown) => {
      if (message !== undefined) await this.#fail(listRequestIds(message), toAuthError(error));
    });
  }

  #send(line: BinaryString, message: Message | undefined): Promise<void> | undefined {
    if (this.#open !== undefined) {
      if (message !== undefined) this.#opening.remember(message);
      return this.#open.write(line);
    }
    this.#connection ??= this.#connect(message);
    return this.#connection.then((connection) => {
      if (message !== undefined) this.#opening.remember(message);
      return connection.write(line);
    });
  }

  /** Set while the connection is open, so that a line needs no promise. */
  #open: Connection | undefined;

  async #connect(first: Message | undefined): Promise<Connection> {
    try {
      const connection = await this.#openConnection();
      if (first?.method !== 'initialize') await this.#replay(connection);
      this.#open = connection;
      return connection;
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }

  /** Another connection from the same machine may have replaced the one that is known. */
  async #openConnection(): Promise<Connection> {
    const upgraded = await this.#request().catch(async (error: unknown) => {
      const found = await findAtAgents(this.#wanted, this.#context);
      if (found?.url !== this.#server.url) throw toAway(error, this.#server);
      this.#server = found;
      return this.#request();
    });
    if (upgraded.connection !== undefined) return this.#watch(upgraded.connection);
    const text = fromBinary(await readBody(upgraded.refusal));
    throw parseFailure(text, { machine: this.#server.agent.machine, server: this.#server.name });
  }

  /** The agent may be asking its user: this waits as long as it is there. */
  #request(): Promise<Upgraded> {
    const { agent, name, url } = this.#server;
    const { signal } = this.#context;
    const headers = { [serverHeader]: encodeURIComponent(url) };
    const path = `/mcp/${encodeURIComponent(name)}`;
    const agents = getAgents(this.#context);
    const upgrade = (ended: AbortSignal) => agents.upgrade(agent.socket, path, { protocol: linesProtocol, headers, signal: ended });
    return whilePresent({ ...agent, signal }, upgrade, this.#context);
  }

  #watch(stream: Duplex): Connection {
    const { socket, machine } = this.#server.agent;
    const away = createAwayError([machine]);
    stream.on('error', () => undefined);
    const isNeeded = () => this.#waiting.size > 0;
    const stopWatching = watchPresence({ socket, isNeeded, onAway: () => void stream.destroy() }, this.#context);
    const ended = forEachLine(stream, { signal: this.#context.signal, take: (line) => this.#deliver(line, stream) })
      .catch(() => undefined)
      .then(async () => {
        stopWatching();
        stream.destroy();
        this.#open = undefined;
        this.#connection = undefined;
        this.#replayed?.resolve();
        await this.#fail([...this.#waiting], away);
      });
    return { stream, write: createLineWriter(stream), ended };
  }

  /** A line from the server. */
  #deliver(line: BinaryString, stream: Duplex): void {
    const replayed = this.#replayed;
    if (replayed && isResponseTo(line, replayed.id)) {
      replayed.resolve();
      return;
    }
    const id = parseResponseId(line);
    if (id !== undefined) this.#waiting.delete(id);
    const written = this.#lines.write(line);
    if (written === undefined) return;
    stream.pause();
    void written.then(() => stream.resume());
  }

  /** Opens the session again. The app has had the response to `initialize`. */
  async #replay(connection: Connection): Promise<void> {
    await this.#opening.replay({
      initialize: async (message) => {
        await new Promise<void>((resolve) => {
          this.#replayed = { id: message.id, resolve };
          void connection.write(message.text);
        });
        this.#replayed = undefined;
      },
      initialized: async (message) => connection.write(message.text),
    });
  }

  async #fail(ids: readonly (string | number)[], error: AuthError): Promise<void> {
    const text = [error.message, error.hint].filter(Boolean).join(' ');
    for (const id of ids) {
      if (this.#waiting.delete(id)) await this.#lines.write(createFailureResponse(id, error, text));
    }
  }
}

function toAway(error: unknown, { agent }: ServerAtAgent): AuthError {
  const failure = toAuthError(error);
  return failure.code === 'agent_away' ? createAwayError([agent.machine]) : failure;
}
