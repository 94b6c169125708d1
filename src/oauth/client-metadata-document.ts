/** A client whose id is the URL of a document about it: draft-ietf-oauth-client-id-metadata-document, MCP authorization 2025-11-25. */
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import type { ClientInformation } from './client-information.js';

/**
 * Create the client whose id is `url`. The authorization server fetches the document; mcp-auth does not.
 *
 * @throws AuthError `usage` unless the URL is https with a path and has no fragment, user information or dot segment.
 */
export function createMetadataDocumentClient({ url, redirectUri }: { url: string; redirectUri: string }): ClientInformation {
  checkClientIdUrl(url);
  return { client_id: url, redirect_uris: [redirectUri], obtained_by: 'metadata_document' };
}

/**
 * Check that a URL can be a client id.
 *
 * @returns the URL, unchanged.
 * @throws AuthError `usage`.
 */
export function checkClientIdUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isAllowed = parsed?.protocol === 'https:' && parsed.pathname !== '/' && !parsed.username && !parsed.password && !parsed.hash;
  // The id is compared as a string, so a URL that the parser would rewrite is rejected.
  if (!isAllowed || parsed.href !== url) {
    throw new AuthError('usage', `${quote(url)} cannot be a client id: a client id must be an https URL with a path.`);
  }
  return url;
}
