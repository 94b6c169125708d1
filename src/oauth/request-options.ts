/** Options for the requests of `oauth4webapi`. */
import { allowInsecureRequests, customFetch, type HttpRequestOptions } from 'oauth4webapi';
import type { Effects } from '../effects.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import type { AuthorizationServerMetadata } from './authorization-server.js';

/**
 * The options for every request to an authorization server: mcp-auth's own fetch, the signal, and plain http only if the server
 * is on this machine. The fetch also refuses http to any other host.
 *
 * @param timeout milliseconds for a request; by default as for every request.
 */
export function createRequestOptions(
  { issuer }: Pick<AuthorizationServerMetadata, 'issuer'>,
  { http, signal }: Pick<Effects, 'http' | 'signal'>,
  timeout?: number,
) {
  return { signal, ...createFetchOptions({ http }, { stream: false, insecure: isLoopbackUrl(new URL(issuer)), timeout }) };
}

/** Send the requests of `oauth4webapi` with mcp-auth's own fetch, which follows no redirects: each request contains a secret. */
export function createFetchOptions(
  { http }: Pick<Effects, 'http'>,
  { stream, insecure, timeout }: { stream: boolean; insecure: boolean; timeout?: number | undefined },
) {
  return {
    [allowInsecureRequests]: insecure,
    [customFetch]: (
      url: string,
      { method, headers, body, signal }: { method: string; headers: Record<string, string>; body?: unknown; signal?: AbortSignal },
    ) =>
      http.fetch(url, {
        method,
        headers,
        body: body as string | URLSearchParams | null,
        signal: signal ?? null,
        stream,
        ...(timeout !== undefined && { timeout }),
      }),
  } satisfies HttpRequestOptions<string, unknown>;
}
