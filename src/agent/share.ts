/** A restricted socket: which servers another machine may use through it, and what it has used. */
import { setMaxListeners } from 'node:events';
import { abortable } from '../abortable.js';
import type { Clock } from '../effects.js';
import { AuthError } from '../errors.js';
import { createRateLimit, type RateLimit } from '../relay/rate-limit.js';
import { redactUrl, quote } from '../text/server-text.js';
import type { AdmittedServer, AskedLogin, Gate, Use } from './gate.js';
import { limits } from './limits.js';
import type { AskedQuestion, Questions } from './questions.js';

export interface ShareOptions {
  readonly id: string;
  readonly host: string;
  /** The servers that may be used without a question, and no others; undefined to ask once for each. */
  readonly only?: readonly string[] | undefined;
  readonly lendsTokens: boolean;
  /** Whether it outlives the connection that asked for it. */
  readonly isLasting: boolean;
  /** Milliseconds since the epoch. */
  readonly until?: number | undefined;
}

interface Used {
  requests: number;
  tokens: number;
  /** Milliseconds since the epoch. */
  last: number;
}

export class Share implements Gate {
  readonly kind = 'restricted';
  readonly options: ShareOptions;
  readonly since: number;
  readonly #clock: Clock;
  readonly #questions: Questions;
  readonly #used = new Map<string, Used>();
  /** The user's answers, for as long as this socket is there. By server, also by its URL: a name may be given to another server. */
  readonly #answers = new Map<string, AskedQuestion>();
  readonly #closing = new AbortController();
  readonly #rates: Readonly<Record<Use | 'login', RateLimit>>;
  #reserved = 0;

  constructor(options: ShareOptions, { clock, questions }: { clock: Clock; questions: Questions }) {
    this.options = options;
    this.since = clock.now();
    this.#clock = clock;
    this.#questions = questions;
    // One for each question: Node would warn of a leak.
    setMaxListeners(0, this.#closing.signal);
    const rate = (most: number, period = 60_000) => createRateLimit({ most, period, maxAddresses: 1, clock });
    this.#rates = {
      request: rate(limits.requestsPerMinute),
      token: rate(limits.tokensPerMinute),
      login: rate(limits.loginsPerHour, 3_600_000),
    };
  }

  get host(): string {
    return this.options.host;
  }

  get lendsTokens(): boolean {
    return this.options.lendsTokens;
  }

  /** What was used, by server. */
  get used(): ReadonlyMap<string, Readonly<Used>> {
    return this.#used;
  }

  mayKnow(name: string): boolean {
    return this.options.only?.includes(name) ?? true;
  }

  async admit(server: AdmittedServer, use: Use, signal: AbortSignal): Promise<void> {
    const { host, only, lendsTokens } = this.options;
    if (use === 'token' && !lendsTokens) throw new AuthError('agent_refused', `No tokens are lent to ${host}.`);
    this.#limit(use);
    if (only?.includes(server.name) === false) throw createRefusal(host, server.name);
    if (only === undefined && !(await this.#wait(this.#ask(server), signal))) throw createRefusal(host, server.name);
    this.#note(server, use);
  }

  count(server: AdmittedServer): void {
    this.#limit('request');
    this.#note(server, 'request');
  }

  async admitLogin(server: AskedLogin, signal: AbortSignal): Promise<() => void> {
    const { host, only } = this.options;
    this.#limit('login');
    if (only?.includes(server.name) === false) throw createRefusal(host, server.name);
    const text = this.#formatLoginQuestion(server);
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    const asked = this.#questions.ask({ host, text }, ended);
    if (!(await asked.answer)) throw createRefusal(host, server.name);
    return () => void this.#answers.set(keyOf(server), asked);
  }

  reserve(octets: number): boolean {
    if (octets > 0 && this.#reserved + octets > limits.messageOctetsAtOnce) return false;
    this.#reserved += octets;
    return true;
  }

  /** Ends the questions of this socket. */
  close(): void {
    this.#closing.abort(new AuthError('agent_refused', `The connection to ${this.host} was closed.`));
  }

  /** A question is put once. It waits longer than the request that has caused it, and its answer holds as long as this socket. */
  #ask(server: AdmittedServer): AskedQuestion {
    const key = keyOf(server);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const { host, lendsTokens } = this.options;
    const how = lendsTokens ? 'and get its tokens' : 'through this agent';
    const text = `${host} asks to use your login to ${server.name}, ${quote(redactUrl(server.url))}, ${how}.`;
    const asked = this.#questions.ask({ host, text }, this.#closing.signal);
    asked.answer.catch(() => this.#answers.delete(key));
    this.#answers.set(key, asked);
    return asked;
  }

  /** @throws AuthError `agent_refused` if the user does not answer while the request can wait. */
  async #wait({ id, answer }: AskedQuestion, signal: AbortSignal): Promise<boolean> {
    const late = new AbortController();
    const stopAlarm = this.#clock.alarm(limits.questionWait, () => late.abort(createUnansweredError(id)));
    try {
      return await abortable(AbortSignal.any([signal, late.signal]), (resolve, reject) => void answer.then(resolve, reject));
    } finally {
      stopAlarm();
    }
  }

  /** @throws AuthError `agent_refused` for what the user would not see whole. */
  #formatLoginQuestion({ name, url, isNew, scope }: AskedLogin): string {
    const { host, lendsTokens } = this.options;
    // The end of a host says whose it is.
    if (url.host.length > limits.shownCharacters) throw new AuthError('agent_refused', 'The host of the URL is too long to be shown.');
    if (scope !== undefined && scope.length > limits.shownCharacters) {
      throw new AuthError('agent_refused', 'The scopes are too long to be shown.');
    }
    const at = quote(redactUrl(url));
    const what = isNew ? `a new server, ${at}` : `${name}, ${at}`;
    const scopes = scope === undefined ? '' : `, with the scopes ${quote(scope)}`;
    return `${host} asks you to log in to ${what}${scopes}. ${host} may then use that login${lendsTokens ? ' and get its tokens' : ''}.`;
  }

  /** @throws AuthError `agent_busy`, `agent_refused` */
  #note({ name }: AdmittedServer, use: Use): void {
    const used = this.#used.get(name) ?? { requests: 0, tokens: 0, last: 0 };
    used[use === 'token' ? 'tokens' : 'requests'] += 1;
    used.last = this.#clock.now();
    this.#used.set(name, used);
  }

  #limit(use: Use | 'login'): void {
    const { until } = this.options;
    // The alarm that ends it is late where the machine was suspended.
    if (until !== undefined && until <= this.#clock.now()) throw new AuthError('agent_refused', 'Its time is over.');
    if (this.#rates[use].take(this.options.id)) return;
    throw new AuthError('agent_busy', `${this.options.host} sends too many requests.`, { hint: 'Try again in a minute.' });
  }
}

function keyOf({ name, url }: AdmittedServer): string {
  return `${name} ${url.href}`;
}

function createRefusal(host: string, server: string): AuthError {
  return new AuthError('agent_refused', `${host} may not use ${server}.`);
}

function createUnansweredError(id: string): AuthError {
  return new AuthError('agent_refused', `The user of that machine has not answered yet. There, run: mcp-auth agent allow ${id}`);
}
