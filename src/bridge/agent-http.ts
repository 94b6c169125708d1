/** Requests to an MCP server through an agent, which has the login. No token is known here. */
import type { Context } from '../context.js';
import type { HttpRequest, HttpResponse } from '../effects.js';
import { hasCode } from '../errors.js';
import { createAwayError, sendToAgent, watchPresence } from '../agent-client/agent.js';
import { listAtAgents, type ServerAtAgent } from '../agent-client/lookup.js';
import { endpointHeader, serverHeader } from '../agent-protocol/messages.js';
import type { AuthorizedHttp } from './authorized-http.js';

export class AgentHttp implements AuthorizedHttp {
  /** The agent renews by itself. */
  readonly renewalCount = 0;
  readonly #url: URL;
  readonly #context: Context;
  #server: ServerAtAgent;
  /** Requests whose responses are not complete. */
  readonly #open = new Set<AbortController>();
  #stopWatching: (() => void) | undefined;

  constructor(url: URL, server: ServerAtAgent, context: Context) {
    this.#url = url;
    this.#server = server;
    this.#context = context;
  }

  async open(request: HttpRequest, url?: URL): Promise<HttpResponse> {
    try {
      return await this.#send(request, url);
    } catch (error) {
      // Another connection from the same machine may have replaced it.
      if (!hasCode(error, 'agent_away') || request.signal?.aborted === true || !(await this.#findAgain())) throw error;
      return this.#send(request, url);
    }
  }

  renew(): Promise<boolean> {
    return Promise.resolve(false);
  }

  forgetLogin(): void {
    // There is none to forget.
  }

  async #send(request: HttpRequest, url = this.#url): Promise<HttpResponse> {
    const { agent, name, url: seen } = this.#server;
    const address = { [serverHeader]: encodeURIComponent(seen), ...(url.href !== this.#url.href && { [endpointHeader]: url.href }) };
    const headers = { ...request.headers, ...address };
    // AbortSignal.any takes ten times as long.
    const gone = new AbortController();
    const { signal } = request;
    const abort = () => gone.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    this.#watch(gone);
    const end = () => {
      signal?.removeEventListener('abort', abort);
      this.#open.delete(gone);
    };
    try {
      const asked = { ...request, headers, signal: gone.signal };
      const { socket, machine } = agent;
      const response = await sendToAgent({ socket, machine, path: this.#path, request: asked, server: name }, this.#context);
      response.body.once('close', end);
      return response;
    } catch (error) {
      end();
      throw error;
    }
  }

  get #path(): string {
    return `/mcp/${encodeURIComponent(this.#server.name)}`;
  }

  /** While a response is awaited or arrives, a machine that falls asleep would be waited for without end. */
  #watch(request: AbortController): void {
    this.#open.add(request);
    if (this.#stopWatching !== undefined) return;
    const { socket, machine } = this.#server.agent;
    const onAway = () => {
      const away = createAwayError([machine]);
      for (const one of this.#open) one.abort(away);
    };
    this.#stopWatching = watchPresence({ socket, onAway, isNeeded: () => this.#open.size > 0 }, this.#context);
  }

  async #findAgain(): Promise<boolean> {
    const { name, url } = this.#server;
    const { servers } = await listAtAgents(this.#context);
    const found = servers.find((one) => one.name === name && one.url === url);
    if (found === undefined) return false;
    this.#server = found;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    return true;
  }
}
