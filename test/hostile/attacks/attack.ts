/** What a row of the table of attacks is, and what several kinds of them do. */
import type { ServerResponse } from 'node:http';
import type { Exchange, Respond } from '../../helpers/fake-server.js';
import { loginAt } from '../../helpers/login-at.js';
import type { Run } from '../../helpers/run.js';
import { secrets, type AttackingServer, type Places } from '../attacking-server.js';

export interface Attack {
  /** Where it is written that this must not work: RFC, MCP specification, CVE, GHSA or CWE. Shown in the title. */
  readonly source: string;
  readonly attack: string;
  readonly change?: (at: Places) => Exchange[];
  /** `URL` stands for the server's; a login by code without it. */
  readonly command?: string;
  /** What is piped in. */
  readonly stdin?: (at: Places) => string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the home folder, which the command is typed in. */
  readonly files?: (at: Places) => Readonly<Record<string, unknown>>;
  /** What the store holds; another server's login without it. */
  readonly store?: (at: Places) => object;
  /** What the person, or somebody else, does meanwhile. */
  readonly act?: (login: Run, at: AttackingServer) => Promise<void>;
  /** Whether they do it at a terminal. */
  readonly atTerminal?: boolean;
  readonly exit: number;
  readonly says: RegExp;
  /** Requests that must not come, beside those to the tripwire. */
  readonly never?: readonly string[];
  /** For what is no error: the store has the login, or one less. */
  readonly changesStore?: boolean;
  /** What the store is like then. */
  readonly leaves?: RegExp;
}

export const byPaste = 'login URL --no-browser --flow paste --name victim --no-verify';
export const unverified = 'login URL --no-browser --flow device --name victim --no-verify';

/** Waits for the address of a login by paste, and pastes an answer made of its state. */
export function pastes(answer: (request: URLSearchParams) => Record<string, string> | string): NonNullable<Attack['act']> {
  return async (login) => {
    const { searchParams: request } = new URL(await login.shown(/^(http:\S+\/authorize\?\S+)$/m));
    const given = answer(request);
    login.type(`${request.get('redirect_uri')}?${typeof given === 'string' ? given : String(new URLSearchParams(given))}\n`);
    login.end();
  };
}
export const stateOf = (request: URLSearchParams) => request.get('state') ?? '';
export const pastesCode = pastes((request) => ({ code: secrets.code, state: stateOf(request) }));

/** An app says something to the bridge, and closes its side when it has heard what came of it. */
export const speaks: NonNullable<Attack['act']> = async (bridge) => {
  bridge.type('{"jsonrpc":"2.0","method":"notifications/x"}\n');
  await bridge.shown(/!/);
  bridge.end();
};

/** A store with a login to the server under attack that has expired. */
export function expired(changes: Record<string, unknown> = {}, entry: Record<string, unknown> = {}) {
  return ({ origin }: Places) => ({
    mcpServers: {
      victim: {
        type: 'http',
        url: `${origin}/mcp`,
        auth: {
          ...loginAt({ origin, url: `${origin}/mcp` }, { token: 'SECRET-old-token-3b3b', refresh_token: secrets.refreshToken }),
          ...{ issued_at: 1_699_990_000, expires_at: 1_700_000_000, revocation_endpoint: `${origin}/revoke`, requested_scope: 'read' },
          ...changes,
        },
        ...entry,
      },
    },
    oauthClients: {
      [origin]: [{ client_id: 'client-1', client_secret: secrets.clientSecret, token_endpoint_auth_method: 'client_secret_post' }],
    },
  });
}

export const redirectTo = (location: string, status = 307): Respond => ({ status, headers: { location } });
export const raw = (write: (response: ServerResponse) => void): Respond => ({ writes: write });

/** A login in a document that somebody gives to `import`. */
export const imported =
  (auth: Record<string, unknown>, entry: Record<string, unknown> = {}) =>
  (at: Places) =>
    JSON.stringify({
      mcpServers: {
        evil: {
          url: `${at.origin}/mcp`,
          auth: { type: 'bearer', token: 'x', refresh_token: 'y', expires_at: 1, token_endpoint: `${at.tripwire}/token`, ...auth },
          ...entry,
        },
      },
    });
