/** Rules for headers that a user writes by hand. */

/** Headers that mcp-auth sets itself: set by hand, they could end the request early or send it to another server. */
export const reservedHeaders: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'te', 'trailer', 'expect', 'keep-alive'],
  ...['content-type', 'accept', 'accept-encoding', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id'],
]);

/** Whether a text is a field name: RFC 9110 section 5.1. */
export function isHeaderName(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text);
}

/** Whether a text is a field value: RFC 9110 section 5.5, without the 8-bit control characters. */
export function isHeaderValue(text: string): boolean {
  return !/[^\t\x20-\x7e\xa0-\xff]/.test(text);
}
