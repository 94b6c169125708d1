/** The servers of the agent's store, each with a client that sends requests with its login. */
import { createAuthorizedHttp, type AuthorizedHttp } from '../bridge/authorized-http.js';
import type { Context } from '../context.js';
import { AuthError } from '../errors.js';
import { expandHeaders, readAuthorizationHeader, withAccess } from '../session/server-access.js';
import { findServer, listServers, type ServerEntry } from '../store/document.js';
import { expandVariables, isExpandable } from '../store/variables.js';
import { quote } from '../text/server-text.js';
import type { AdmittedServer, Gate } from './gate.js';

export interface AgentServer extends AdmittedServer {
  readonly entry: ServerEntry;
  readonly http: AuthorizedHttp;
  /** Headers of every request, in lower case: what another program has stored in place of a login. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Milliseconds for which a server is not read from the store again: a bridge sends thousands of messages in a second. */
const readPeriod = 1_000;

export class AgentServers {
  readonly #context: Context;
  readonly #known = new Map<string, AgentServer & { readonly text: string; readAt: number }>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** @throws AuthError `login_needed` if the store has no server of that name, or none that may be known at this socket. */
  getFor(gate: Gate, name: string): Promise<AgentServer> {
    if (!gate.mayKnow(name)) throw createUnknownError(name);
    return this.#get(name);
  }

  async #get(name: string): Promise<AgentServer> {
    const { clock, store } = this.#context;
    const known = this.#known.get(name);
    if (known !== undefined && Math.abs(clock.now() - known.readAt) < readPeriod) return known;
    const entry = findServer(await store.read(name), name);
    const text = JSON.stringify([entry?.url, entry?.headers, entry?.login_options]);
    if (known?.text === text) {
      known.readAt = clock.now();
      return known;
    }
    this.#known.delete(name);
    if (entry === undefined) throw createUnknownError(name);
    const created = { ...(await this.#create(name, entry)), text, readAt: clock.now() };
    this.#known.set(name, created);
    return created;
  }

  /** All servers with a URL, whether or not there is a login. A URL with a variable that is not set is left out. */
  async list(): Promise<(AdmittedServer & { readonly entry: ServerEntry })[]> {
    const { env, store } = this.#context;
    return listServers(await store.read()).flatMap(([name, entry]) => {
      if (typeof entry.url !== 'string' || !isExpandable(entry.url, env)) return [];
      const url = expandVariables(entry.url, env);
      return URL.canParse(url) ? [{ name, entry, url: new URL(url) }] : [];
    });
  }

  async #create(name: string, entry: ServerEntry): Promise<AgentServer> {
    const url = typeof entry.url === 'string' ? expandVariables(entry.url, this.#context.env) : '';
    if (!URL.canParse(url)) throw new AuthError('not_a_login', `${quote(name)} is not a remote server.`);
    const target = { name, url: new URL(url) };
    const context = await withAccess(entry, this.#context);
    const authorization = readAuthorizationHeader(entry, context);
    const headers = authorization === undefined ? {} : expandHeaders({ authorization }, context);
    return { ...target, entry, headers, http: createAuthorizedHttp(target, context) };
  }
}

function createUnknownError(name: string): AuthError {
  return new AuthError('login_needed', `The store has no server named ${quote(name)}.`);
}
