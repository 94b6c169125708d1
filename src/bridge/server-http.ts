/** Requests to one MCP server with the login of this machine, or through an agent that has one. */
import type { Context } from '../context.js';
import type { HttpRequest, HttpResponse } from '../effects.js';
import { hasCode, type AuthError } from '../errors.js';
import { findAtAgents } from '../agent-client/lookup.js';
import { AgentHttp } from './agent-http.js';
import { createAuthorizedHttp, type AuthorizedHttp } from './authorized-http.js';
import type { Target } from './target-login.js';

/** The login may be stored, or an agent may come and go, while it is used: after each failure of that kind, both are looked at again. */
export function createServerHttp(target: Target, context: Context): AuthorizedHttp {
  return context.agents === undefined ? createAuthorizedHttp(target, context) : new ServerHttp(target, context);
}

class ServerHttp implements AuthorizedHttp {
  readonly #target: Target;
  readonly #context: Context;
  readonly #stored: AuthorizedHttp;
  #current: AuthorizedHttp | undefined;
  /** An agent that may have the login does not answer. The server may need none: that is tried first. */
  #away: AuthError | undefined;

  constructor(target: Target, context: Context) {
    this.#target = target;
    this.#context = context;
    this.#stored = createAuthorizedHttp(target, context);
  }

  get renewalCount(): number {
    return this.#current?.renewalCount ?? 0;
  }

  async open(request: HttpRequest, url?: URL): Promise<HttpResponse> {
    const current = (this.#current ??= await this.#choose());
    try {
      return await current.open(request, url);
    } catch (error) {
      if (!hasCode(error, 'login_needed', 'agent_away', 'agent_refused')) throw error;
      this.#current = undefined;
      throw error.code === 'login_needed' ? (this.#away ?? error) : error;
    }
  }

  renew(renewalCount: number): Promise<boolean> {
    return this.#current?.renew(renewalCount) ?? Promise.resolve(false);
  }

  forgetLogin(): void {
    this.#stored.forgetLogin();
    this.#current = undefined;
  }

  async #choose(): Promise<AuthorizedHttp> {
    const { name, url } = this.#target;
    this.#away = undefined;
    try {
      // A name alone may be that of another server by now, to which no message for this one must go.
      const found = await findAtAgents({ name, url: url.href }, this.#context);
      return found === undefined ? this.#stored : new AgentHttp(url, found, this.#context);
    } catch (error) {
      if (!hasCode(error, 'agent_away')) throw error;
      this.#away = error;
      return this.#stored;
    }
  }
}
