/** Responses, with the headers that each kind needs. */
import type { PublicUrl } from './public-url.js';

export function respondJson(
  value: object,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });
}

export function respondText(text: string, status = 200): Response {
  return new Response(`${text}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
}

/** A response that a terminal reads. `error` is for the program, `message` for its user. */
export function respondError(status: number, error: string, message: string): Response {
  return respondJson({ error, message }, { status });
}

export function respondEmpty(): Response {
  return new Response(null, { status: 204 });
}

/** @param path of this relay: it redirects to no other place. */
export function redirectTo(path: `/${string}`): Response {
  return new Response(null, { status: 303, headers: { location: path } });
}

/** Adds the headers of every response, except those that it has. */
export function secure(response: Response, { isSecure }: PublicUrl): Response {
  const headers = {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    ...(isSecure && { 'strict-transport-security': 'max-age=31536000' }),
  };
  for (const [name, value] of Object.entries(headers)) if (!response.headers.has(name)) response.headers.set(name, value);
  return response;
}
