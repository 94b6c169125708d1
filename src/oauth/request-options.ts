import { allowInsecureRequests, customFetch, type HttpRequestOptions } from 'oauth4webapi';
import type { Context } from '../context.js';
import { isLoopback } from '../http/url-policy.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';

/**
 * What every `oauth4webapi` request to an authorization server is given: our guarded fetch, the signal, and plain http
 * if, and only if, that server is on this machine. The fetch itself refuses http to any other host.
 */
export function requestOptions(
  { issuer }: Pick<AuthorizationServerMetadata, 'issuer'>,
  { http, signal }: Pick<Context, 'http' | 'signal'>,
) {
  return { signal, ...throughOurs({ http }, { stream: false, insecure: isLoopback(new URL(issuer)) }) };
}

/** Has `oauth4webapi` send its requests through our fetch, which follows no redirect: each of them carries a secret. */
export function throughOurs({ http }: Pick<Context, 'http'>, { stream, insecure }: { stream: boolean; insecure: boolean }) {
  return {
    [allowInsecureRequests]: insecure,
    [customFetch]: (
      url: string,
      { method, headers, body, signal }: { method: string; headers: Record<string, string>; body?: unknown; signal?: AbortSignal },
    ) => http.fetch(url, { method, headers, body: body as string | URLSearchParams | null, signal: signal ?? null, stream }),
  } satisfies HttpRequestOptions<string, unknown>;
}
