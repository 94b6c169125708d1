import type { Context } from '../context.js';
import { hasCode } from '../errors.js';
import { isObject } from '../json.js';

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
  try {
    const response = await http.fetch(address, { headers: { accept: 'application/json' }, redirects, signal });
    if (!response.ok) return undefined;
    const document: unknown = await response.json().catch(() => undefined);
    return isObject(document) ? document : undefined;
  } catch (error) {
    // A page that is too long for metadata is not metadata.
    if (hasCode(error, 'response_invalid')) return undefined;
    throw error;
  }
}
