import type { Effects } from '../effects.js';
import { hasCode, type AuthError } from '../errors.js';
import { parseObject } from '../text/json.js';

/** Redirects that a metadata request may take; such a request carries no secret. */
const redirects = 3;

/**
 * Asks one address after the other for a metadata document, and takes the first that `parse` makes something of.
 *
 * An address that answers with a 404, a 500, an HTML page, JSON of another kind, or a redirect to where we would not go
 * has no metadata: servers do all of that with an address that they do not know. What is another's metadata, or an
 * address that cannot or must not be reached, is an error only when no other has any.
 *
 * @param parse returns undefined for a document that is none, and throws `issuer_mismatch` or `resource_mismatch` for another's.
 */
export async function requestFirstMetadata<T>(
  addresses: readonly URL[],
  context: Pick<Effects, 'http' | 'signal'>,
  parse: (document: Record<string, unknown>, address: URL) => T | undefined,
): Promise<T | undefined> {
  let failure: AuthError | undefined;
  for (const address of addresses) {
    try {
      const document = await requestDocument(address, context);
      const parsed = document && parse(document, address);
      if (parsed !== undefined) return parsed;
    } catch (error) {
      if (!hasCode(error, 'issuer_mismatch', 'resource_mismatch', 'network_error', 'address_refused')) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return undefined;
}

async function requestDocument(
  address: URL,
  { http, signal }: Pick<Effects, 'http' | 'signal'>,
): Promise<Record<string, unknown> | undefined> {
  try {
    const response = await http.fetch(address, { headers: { accept: 'application/json' }, maxRedirects: redirects, signal });
    if (!response.ok) return undefined;
    return parseObject(await response.text());
  } catch (error) {
    // The address itself has been checked: what is refused is where it redirects to. A page may be too long for metadata.
    if (hasCode(error, 'response_invalid', 'url_refused')) return undefined;
    throw error;
  }
}
