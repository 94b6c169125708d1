/** An attacking server: friendly except for the changes of a row of the table. Each secret that it issues is recognisable. */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { metadata, type Exchange, type FakeServer, type Respond } from '../helpers/fake-server.js';
import { listening } from '../helpers/listening.js';
import { fakeServer } from '../helpers/servers.js';

/** Secrets that must never be printed. */
export const secrets = {
  accessToken: 'SECRET-access-token-8e1b',
  refreshToken: 'SECRET-refresh-token-77aa',
  deviceCode: 'SECRET-device-code-0c9d',
  clientSecret: 'SECRET-client-secret-41f0',
  code: 'SECRET-code-5d2e',
};

/** Where an attack happens: the server, and an address that nothing may connect to. */
export interface Places {
  readonly origin: string;
  readonly tripwire: string;
}

export interface AttackingServer extends Places {
  readonly server: FakeServer;
  /** The number of connections to the tripwire. */
  readonly tripped: () => number;
}

/** A token response with changes. */
export function tokens(changes: Record<string, unknown> = {}): Respond {
  const { accessToken: access_token, refreshToken: refresh_token } = secrets;
  return { json: { access_token, refresh_token, token_type: 'Bearer', expires_in: 3600, ...changes } };
}

/** A device authorization response with changes. */
export function deviceCode(origin: string, changes: Record<string, unknown> = {}): Respond {
  const usual = { device_code: secrets.deviceCode, user_code: 'WDJB-MJHT', verification_uri: `${origin}/activate`, expires_in: 600 };
  return { json: { ...usual, interval: 5, ...changes } };
}

export const discovery = 'GET /.well-known/oauth-authorization-server';

/** Metadata with changes, at the first address where it is requested. */
export function withMetadata(origin: string, changes: Record<string, unknown>): Exchange {
  return { want: discovery, respond: { json: metadata(origin, changes) } };
}

/** An endless response, sent as fast as it is read, until the client closes the connection. */
export function endless(start: string, piece: string, headers: Record<string, string> = { 'content-type': 'application/json' }): Respond {
  const writes = (response: ServerResponse) => {
    response.writeHead(200, headers).write(start);
    const more = () => {
      while (!response.destroyed && response.write(piece));
    };
    response.on('drain', more);
    more();
  };
  return { writes };
}

export async function startAttackingServer(change: (at: Places) => Exchange[]): Promise<AttackingServer> {
  const { origin: tripwire, tripped } = await startTripwire();
  const server = await fakeServer((origin) => {
    const changed = change({ origin, tripwire });
    const usual: Exchange[] = [
      { want: 'POST /token', respond: tokens() },
      { want: 'POST /device', respond: deviceCode(origin) },
    ];
    return [...changed, ...usual.filter(({ want }) => changed.every((one) => one.want !== want))];
  });
  return { origin: server.origin, tripwire, server, tripped };
}

async function startTripwire(): Promise<{ origin: string; tripped: () => number }> {
  let count = 0;
  const { origin } = await listening(
    createServer((socket) => {
      count += 1;
      socket.destroy();
    }),
  );
  return { origin, tripped: () => count };
}
