/** A server that attacks: friendly but for what a row of the table changes, with a mark in each secret that it hands out. */
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { metadata, type Exchange, type FakeServer, type Respond } from '../helpers/fake-server.js';
import { listening } from '../helpers/listening.js';
import { fakeServer } from '../helpers/servers.js';

/** What nobody may ever print. */
export const secrets = {
  accessToken: 'SECRET-access-token-8e1b',
  refreshToken: 'SECRET-refresh-token-77aa',
  deviceCode: 'SECRET-device-code-0c9d',
  clientSecret: 'SECRET-client-secret-41f0',
  code: 'SECRET-code-5d2e',
};

/** Where an attack happens: the server, and an address that nobody has any business to connect to. */
export interface Places {
  readonly origin: string;
  readonly tripwire: string;
}

export interface AttackingServer extends Places {
  readonly server: FakeServer;
  /** How many have connected to the tripwire. */
  readonly tripped: () => number;
}

/** A token answer, and what is changed in it. */
export function tokens(changes: Record<string, unknown> = {}): Respond {
  const { accessToken: access_token, refreshToken: refresh_token } = secrets;
  return { json: { access_token, refresh_token, token_type: 'Bearer', expires_in: 3600, ...changes } };
}

/** A device authorization, and what is changed in it. */
export function deviceCode(origin: string, changes: Record<string, unknown> = {}): Respond {
  const usual = { device_code: secrets.deviceCode, user_code: 'WDJB-MJHT', verification_uri: `${origin}/activate`, expires_in: 600 };
  return { json: { ...usual, interval: 5, ...changes } };
}

export const discovery = 'GET /.well-known/oauth-authorization-server';

/** Metadata with changes, at the first address where it is looked for. */
export function withMetadata(origin: string, changes: Record<string, unknown>): Exchange {
  return { want: discovery, respond: { json: metadata(origin, changes) } };
}

/** Bytes without an end, as fast as they are taken, until the other side has had enough. */
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
