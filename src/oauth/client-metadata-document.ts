/** A client whose id is the URL of a document about it: draft-ietf-oauth-client-id-metadata-document, MCP authorization 2025-11-25. */
import { AuthError } from '../errors.js';
import { quote } from '../text/server-text.js';
import type { ClientInformation } from './client-information.js';

/**
 * The client that the document at `url` describes. The document itself is for the authorization server to fetch.
 *
 * @throws AuthError `usage` unless the URL is https with a path and has no fragment, user information or dot segment.
 */
export function createMetadataDocumentClient({ url, redirectUri }: { url: string; redirectUri: string }): ClientInformation {
  checkClientIdUrl(url);
  return { client_id: url, redirect_uris: [redirectUri], obtained_by: 'metadata_document' };
}

/** @throws AuthError `usage` for what cannot be such a client id. */
export function checkClientIdUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const fits = parsed?.protocol === 'https:' && parsed.pathname !== '/' && !parsed.username && !parsed.password && !parsed.hash;
  // The id is compared as a string: what the parser would rewrite is not one.
  if (!fits || parsed.href !== url) {
    throw new AuthError('usage', `${quote(url)} cannot be a client id: it must be an https URL with a path.`);
  }
  return url;
}
