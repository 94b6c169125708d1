/** The relay as a function from a request to its response. It uses nothing of the machine but a store, a clock and a log. */
import { isIP } from 'node:net';
import type { Clock } from '../effects.js';
import { hasCode, toAuthError } from '../errors.js';
import { isSessionId } from '../relay-protocol/session-id.js';
import type { PublicUrl } from './public-url.js';
import { respondText, secure } from './responses.js';
import { endpoints } from './endpoints.js';
import { limits } from './limits.js';
import { createService, sweep, type Service } from './service.js';
import type { RelayStore } from './store.js';

export interface RelayOptions {
  readonly publicUrl: PublicUrl;
  readonly store: RelayStore;
  readonly clock: Clock;
  /** Whether a proxy adds the address of the client to `X-Forwarded-For`. */
  readonly trustsProxy?: boolean;
  /** Takes one line for each request. No line says who logs in where. */
  readonly log: (line: string) => void;
  /** Stops the relay: waiting requests end. */
  readonly signal: AbortSignal;
}

export type RelayHandler = (request: Request, peer: { readonly address: string }) => Promise<Response>;

export function createRelay({ trustsProxy = false, log, signal, ...parts }: RelayOptions): RelayHandler {
  const service = createService({ ...parts, signal });
  const report = (error: unknown) => log(toAuthError(error).message);
  const stopSweeping = service.clock.every(limits.sweep, () => void sweep(service).catch(report));
  signal.addEventListener('abort', stopSweeping, { once: true });

  return async (request, peer) => {
    const startedAt = service.clock.now();
    const address = (trustsProxy ? readForwardedFor(request) : undefined) ?? peer.address;
    const { route, respond } = findRoute(request);
    const response = secure(
      await respond(service, address).catch((error: unknown) => {
        report(error);
        const isDown = hasCode(error, 'network_error');
        return respondText(isDown ? 'The relay cannot reach its store.' : 'The relay failed.', isDown ? 503 : 500);
      }),
      service.publicUrl,
    );
    log(`${route} ${response.status} ${service.clock.now() - startedAt} ms`);
    return response;
  };
}

interface Route {
  /** As the log shows it: without what the client has chosen. */
  readonly route: string;
  readonly respond: (service: Service, address: string) => Promise<Response>;
}

const unknownRoute: Route = { route: 'other', respond: () => Promise.resolve(respondText('Not found.', 404)) };

function findRoute(request: Request): Route {
  const url = new URL(request.url);
  const [, first = '', id = '', ...rest] = url.pathname.split('/');
  const isOfSession = first === 's' && isSessionId(id);
  // Otherwise a path that is written like the pattern would be taken for one of a session.
  if (first === 's' && !isOfSession) return unknownRoute;
  const pattern = isOfSession ? ['/s/ID', ...rest].join('/') : url.pathname;
  const route = `${request.method} ${pattern}`;
  const endpoint = endpoints.get(route);
  if (endpoint === undefined) return unknownRoute;
  return { route, respond: (service, address) => endpoint({ request, url, id: isOfSession ? id : '', address }, service) };
}

/** The last entry, which the proxy in front of the relay has added, without a port. Undefined if it is no address. */
function readForwardedFor({ headers }: Request): string | undefined {
  const last = headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  const address = /^\[([^\]]+)\](?::\d+)?$/.exec(last)?.[1] ?? /^([\d.]+):\d+$/.exec(last)?.[1] ?? last;
  return isIP(address) === 0 ? undefined : address;
}
