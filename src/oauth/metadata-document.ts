/** Requesting a metadata document from several addresses. */
import type { Effects } from '../effects.js';
import { hasCode, type AuthError } from '../errors.js';
import { parseObject } from '../text/json.js';

/** Redirects that a metadata request follows. It contains no secret. */
const maxRedirects = 3;

/**
 * Request one address after the other, and return the first document that `parse` accepts.
 *
 * An address that answers with a 404, a 500, an HTML page, other JSON, or a redirect to a URL that is not allowed has no metadata:
 * servers answer unknown addresses in all of these ways. Metadata of another server, or an address that cannot or must not be
 * reached, is an error only if no other address has metadata.
 *
 * @param parse returns undefined for a document that is not metadata; throws `issuer_mismatch` or `resource_mismatch` for metadata
 * of another server.
 */
export async function requestFirstMetadata<T>(
  addresses: readonly URL[],
  context: Pick<Effects, 'http' | 'signal'>,
  parse: (document: Record<string, unknown>, address: URL) => T | undefined,
): Promise<T | undefined> {
  let firstError: AuthError | undefined;
  for (const address of addresses) {
    try {
      const document = await requestDocument(address, context);
      const parsed = document && parse(document, address);
      if (parsed !== undefined) return parsed;
    } catch (error) {
      if (!hasCode(error, 'issuer_mismatch', 'resource_mismatch', 'network_error', 'address_refused')) throw error;
      firstError ??= error;
    }
  }
  if (firstError) throw firstError;
  return undefined;
}

async function requestDocument(
  address: URL,
  { http, signal }: Pick<Effects, 'http' | 'signal'>,
): Promise<Record<string, unknown> | undefined> {
  try {
    const response = await http.fetch(address, { headers: { accept: 'application/json' }, maxRedirects, signal });
    if (!response.ok) return undefined;
    return parseObject(await response.text());
  } catch (error) {
    // The address itself has been checked, so `url_refused` is about a redirect. `response_invalid`: a page that is too large.
    if (hasCode(error, 'response_invalid', 'url_refused')) return undefined;
    throw error;
  }
}
