/** Our HTTP, and a server to ask. */
import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { Lookup } from '../../src/http/lookup.js';
import { createHttp } from '../../src/http/http.js';

export function http(variables: Record<string, string> = {}, timeout?: number, lookup?: Lookup) {
  const created = createHttp({
    clock: systemClock,
    env: { variables, platform: 'linux' as const, folder: '/', program: [], exists: () => false },
    userAgent: 'test',
    timeout,
    lookup,
  });
  onTestFinished(() => created.close());
  return created;
}

export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
