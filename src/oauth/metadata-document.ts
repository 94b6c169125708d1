import type { Context } from '../context.js';

/** Redirects that a metadata request may take; such a request carries no secret. */
const redirects = 3;

/**
 * GETs a metadata document. Undefined for anything that is not a JSON object with a 2xx: servers answer an unknown
 * well-known address with a 404, a 500 or an HTML page, and all of them mean "not here".
 *
 * @throws AuthError when the network fails or the address is one that we do not talk to.
 */
export async function requestMetadata(
  address: URL,
  { http, signal }: Pick<Context, 'http' | 'signal'>,
): Promise<Record<string, unknown> | undefined> {
  const response = await http.fetch(address, { headers: { accept: 'application/json' }, redirects, signal });
  if (!response.ok) return undefined;
  const document = await response.json().catch(() => undefined);
  return isObject(document) ? document : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
