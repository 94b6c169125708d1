/** Serves a function from Request to Response on a loopback port, until the current test ends. */
import { Readable } from 'node:stream';
import { listening } from '../helpers/listening.js';

export async function serve(answer: (request: Request, origin: string) => Promise<Response>): Promise<string> {
  const { origin } = await listening((message, response) => {
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
  return origin;
}
