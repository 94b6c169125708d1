/**
 * An authorization server whose responses can be held back: each login has an issuer of its own. A refresh token that is used twice
 * revokes the login, unless it has a grace period.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from '../../test/helpers/listen.js';
import { loginAt } from '../../test/helpers/login-at.js';

export interface HeldLoginOptions {
  /** Milliseconds until a refresh request is responded to. */
  readonly delay?: number;
  /** Whether refresh tokens that were used before are still accepted. */
  readonly hasGrace?: boolean;
  /** Whether the store does not have the token endpoint, so that the client asks for the metadata before each refresh. */
  readonly asksForMetadata?: boolean;
}

export interface HeldLogin {
  /** As it is stored, with an expired access token. */
  readonly entry: object;
  /** The refresh token that was issued last. */
  readonly current: string;
  readonly isRevoked: boolean;
  readonly metadataRequests: number;
  /** Of each refresh request that has arrived: the address that it came from. */
  readonly requests: readonly string[];
  /** How many responses with new tokens were sent. The refresh token is replaced then, not when the request arrives. */
  readonly rotations: number;
  /** The requests that arrive from now on wait. */
  hold(): void;
  /** Lets all of them pass, and those that arrive from now on. */
  release(): void;
  /** The requests that are here get no response, and use nothing up: whoever has sent them is gone. */
  abandon(): void;
  /** Whether an access token is valid. */
  accepts(token: string): boolean;
}

export interface HeldServer {
  readonly port: number;
  createLogin(options?: HeldLoginOptions): HeldLogin;
  close(): Promise<void>;
}

class Family implements HeldLogin {
  readonly entry: object;
  current: string;
  isRevoked = false;
  metadataRequests = 0;
  readonly requests: string[] = [];
  rotations = 0;
  readonly #id: string;
  readonly #options: HeldLoginOptions;
  readonly #issuer: string;
  #isHeld = false;
  #waiting: (() => void)[] = [];
  #abandoned = 0;

  constructor({ id, origin, ...options }: HeldLoginOptions & { readonly id: string; readonly origin: string }) {
    this.#id = id;
    this.#issuer = `${origin}/${id}`;
    this.#options = options;
    this.current = this.#refreshToken(0);
    // JSON leaves out what is undefined.
    const token_endpoint = options.asksForMetadata === true ? undefined : `${this.#issuer}/token`;
    const members = { token: `expired-${id}`, expires_at: 1, refresh_token: this.current, token_endpoint };
    const auth = loginAt({ origin: this.#issuer, url: `${this.#issuer}/mcp` }, members);
    this.entry = { type: 'http', url: `${this.#issuer}/mcp`, auth };
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  abandon(): void {
    this.#abandoned += 1;
  }

  accepts(token: string): boolean {
    return !this.isRevoked && this.rotations > 0 && token.startsWith(`access-${this.#id}-`);
  }

  async answerMetadata(): Promise<object> {
    this.metadataRequests += 1;
    await this.#pass();
    const issuer = this.#issuer;
    return {
      ...{ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
      ...{ response_types_supported: ['code'], code_challenge_methods_supported: ['S256'] },
    };
  }

  /** @param isGone whether the client has given up. */
  async answerRefresh(token: string, { from, isGone }: { from: string; isGone: () => boolean }): Promise<object | undefined> {
    this.requests.push(from);
    const abandoned = this.#abandoned;
    await Promise.all([this.#pass(), wait(this.#options.delay ?? 0)]);
    if (isGone() || abandoned !== this.#abandoned) return undefined;
    const isUsed = token !== this.current;
    if (this.isRevoked || (isUsed && !(this.#options.hasGrace === true && token.startsWith(`refresh-${this.#id}-`)))) {
      this.isRevoked = true;
      return { error: 'invalid_grant', error_description: 'used twice' };
    }
    this.rotations += 1;
    this.current = this.#refreshToken(this.rotations);
    const access = `access-${this.#id}-${this.rotations}`;
    return { access_token: access, token_type: 'Bearer', expires_in: 3600, refresh_token: this.current };
  }

  async #pass(): Promise<void> {
    if (this.#isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #refreshToken(count: number): string {
    return `refresh-${this.#id}-${count}`;
  }
}

export async function startHeldServer(): Promise<HeldServer> {
  const families = new Map<string, Family>();
  const { origin, port, close } = await listen((request, response) => void handle(request, response, families));
  let count = 0;
  return {
    port,
    createLogin: (options = {}) => {
      count += 1;
      const id = `login${count}`;
      const family = new Family({ ...options, id, origin });
      families.set(id, family);
      return family;
    },
    close,
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, families: ReadonlyMap<string, Family>): Promise<void> {
  const words = (request.url ?? '').split('/');
  const family = families.get(words.find((word) => families.has(word)) ?? '');
  let body: object | undefined;
  if (words.includes('.well-known') && words.includes('oauth-authorization-server')) body = await family?.answerMetadata();
  if (words.at(-1) === 'token') {
    const token = new URLSearchParams(await textOf(request)).get('refresh_token') ?? '';
    const from = request.socket.remoteAddress ?? '';
    body = await family?.answerRefresh(token, { from, isGone: () => request.socket.destroyed });
  }
  const status = body === undefined ? 404 : 'error' in body ? 400 : 200;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
