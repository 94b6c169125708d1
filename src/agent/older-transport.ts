/**
 * The older transport (HTTP with SSE, MCP 2024-11-05) through an agent: the first event of its stream names the address for messages.
 * The other side sends that address with each message, and only one that the server has named is used: the token may be good for
 * other things at the same host.
 */
import type { HttpResponse } from '../effects.js';
import { AuthError } from '../errors.js';
import { checkBelongsToServer } from '../oauth/server-url.js';
import type { AdmittedServer, Gate } from './gate.js';
import { limits } from './limits.js';

interface AtSocket {
  readonly server: AdmittedServer;
  readonly gate: Gate;
}

/** By socket: the addresses that servers have named, the newest last. */
const endpointsOf = new WeakMap<Gate, Set<string>>();

/** Octets in which the first event of a stream has to end. */
const maxFirstEvent = 16 * 1024;

/** Notes the address in the first event of a stream while it is passed on. */
export function noteEndpoint({ body }: HttpResponse, { server, gate }: AtSocket): void {
  let text = '';
  const read = (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const end = /\r\n\r\n|\n\n|\r\r/.exec(text);
    if (end === null && text.length < maxFirstEvent) return;
    body.off('data', read);
    const endpoint = end === null ? undefined : parseEndpoint(text.slice(0, end.index), server.url);
    if (endpoint === undefined) return;
    const known = endpointsOf.get(gate) ?? new Set();
    endpointsOf.set(gate, known.add(keyOf(server, endpoint)));
    for (const oldest of known) if (known.size > limits.endpoints) known.delete(oldest);
  };
  // Paused until the pipe reads: otherwise this listener would start the stream.
  body.pause();
  body.on('data', read);
}

function parseEndpoint(event: string, url: URL): URL | undefined {
  const lines = event.split(/\r\n|\r|\n/);
  const valueOf = (field: string) =>
    lines
      .find((line) => line.startsWith(`${field}:`))
      ?.slice(field.length + 1)
      .trim();
  const address = valueOf('event') === 'endpoint' ? valueOf('data') : undefined;
  return address !== undefined && URL.canParse(address, url.href) ? new URL(address, url) : undefined;
}

/** Where a message goes: undefined for the server's own URL. @throws AuthError `url_refused` */
export function resolveEndpoint(header: string | string[] | undefined, { server, gate }: AtSocket): URL | undefined {
  if (header === undefined) return undefined;
  const url = typeof header === 'string' && URL.canParse(header) ? new URL(header) : undefined;
  if (url === undefined || endpointsOf.get(gate)?.has(keyOf(server, url)) !== true) {
    throw new AuthError('url_refused', 'The server has named no such address for messages.');
  }
  checkBelongsToServer(url, { target: server.url, what: 'The address for messages' });
  return url;
}

function keyOf({ name }: AdmittedServer, endpoint: URL): string {
  return `${name} ${endpoint.href}`;
}
