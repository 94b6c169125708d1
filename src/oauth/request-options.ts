import { allowInsecureRequests, customFetch, type HttpRequestOptions } from 'oauth4webapi';
import type { Context } from '../context.js';
import { isLoopback } from '../http/url-policy.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';

/**
 * What every `oauth4webapi` request is given: our guarded fetch, the signal, and plain http if, and only if, the
 * authorization server is on this machine. The fetch itself refuses http to any other host.
 */
export function requestOptions(
  { issuer }: Pick<AuthorizationServerMetadata, 'issuer'>,
  { http, signal }: Pick<Context, 'http' | 'signal'>,
) {
  return {
    signal,
    [allowInsecureRequests]: isLoopback(new URL(issuer)),
    // No redirect is followed: each of these requests carries a secret.
    [customFetch]: (
      url: string,
      { method, headers, body, signal }: { method: string; headers: Record<string, string>; body?: unknown; signal?: AbortSignal },
    ) => http.fetch(url, { method, headers, body: body as string | URLSearchParams | null, signal: signal ?? null }),
  } satisfies HttpRequestOptions<string, unknown>;
}
