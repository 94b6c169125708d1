import { allowInsecureRequests, customFetch, type HttpRequestOptions } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';

/**
 * What every `oauth4webapi` request to an authorization server is given: our guarded fetch, the signal, and plain http
 * if, and only if, that server is on this machine. The fetch itself refuses http to any other host.
 */
export function createRequestOptions(
  { issuer }: Pick<AuthorizationServerMetadata, 'issuer'>,
  { http, signal }: Pick<Effects, 'http' | 'signal'>,
) {
  return { signal, ...createFetchOptions({ http }, { stream: false, insecure: isLoopbackUrl(new URL(issuer)) }) };
}

/** Has `oauth4webapi` send its requests through our fetch, which follows no redirect: each of them carries a secret. */
export function createFetchOptions({ http }: Pick<Effects, 'http'>, { stream, insecure }: { stream: boolean; insecure: boolean }) {
  return {
    [allowInsecureRequests]: insecure,
    [customFetch]: (
      url: string,
      { method, headers, body, signal }: { method: string; headers: Record<string, string>; body?: unknown; signal?: AbortSignal },
    ) => http.fetch(url, { method, headers, body: body as string | URLSearchParams | null, signal: signal ?? null, stream }),
  } satisfies HttpRequestOptions<string, unknown>;
}
