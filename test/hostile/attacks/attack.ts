/** The rows of the table of attacks, and what several of them share. */
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
  /** `URL` stands for the URL of the server. By default a device login. */
  readonly command?: string;
  /** Text on stdin. */
  readonly stdin?: (at: Places) => string;
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the home folder, which is the working directory. */
  readonly files?: (at: Places) => Readonly<Record<string, unknown>>;
  /** The document of the store; by default a login to another server. */
  readonly store?: (at: Places) => object;
  /** What the user, or another program, does in the meantime. */
  readonly act?: (login: Run, at: AttackingServer) => Promise<void>;
  /** Whether stdin is a terminal. */
  readonly atTerminal?: boolean;
  readonly exit: number;
  readonly says: RegExp;
  /** Requests that must not come, in addition to those to the tripwire. */
  readonly never?: readonly string[];
  /** For what is not an error: the store gets the login, or loses one. */
  readonly changesStore?: boolean;
  /** Matches the text of the store afterwards. */
  readonly leaves?: RegExp;
}

export const byPaste = 'login URL --no-browser --flow paste --name victim --no-verify';
export const unverified = 'login URL --no-browser --flow device --name victim --no-verify';

/** Waits for the URL of a login by paste, and pastes a redirect URL made from its request. */
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

/** An app sends a message to the bridge, and closes stdin after the warning. */
export const speaks: NonNullable<Attack['act']> = async (bridge) => {
  bridge.type('{"jsonrpc":"2.0","method":"notifications/x"}\n');
  await bridge.shown(/!/);
  bridge.end();
};

/** A store with an expired login to the attacking server. */
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

/** A document with a login, as input of `import`. */
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
