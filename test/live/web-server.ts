/** Serves a function from Request to Response on a loopback port, for the test that runs. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';

export async function serve(answer: (request: Request, origin: string) => Promise<Response>): Promise<string> {
  const server = createServer((message, response) => {
    void (async () => {
      const body = message.method === 'GET' || message.method === 'HEAD' ? undefined : Readable.toWeb(message);
      const headers = new Headers(
        Object.entries(message.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
      );
      const request = new Request(new URL(message.url ?? '/', origin), {
        method: message.method,
        headers,
        ...(body && { body, duplex: 'half' }),
      });
      const answered = await answer(request, origin);
      response.writeHead(answered.status, [...answered.headers].flat());
      response.end(Buffer.from(await answered.arrayBuffer()));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return origin;
}
