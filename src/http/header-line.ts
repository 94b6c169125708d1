/** What a header that somebody writes by hand may be. */

/** Names that a request has by itself: set by hand, they would end it early or lead it elsewhere. */
export const reservedHeaders: ReadonlySet<string> = new Set([
  ...['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'te', 'trailer', 'expect', 'keep-alive'],
  ...['content-type', 'accept', 'accept-encoding', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id'],
]);

/** Whether a text is a field name: RFC 9110 section 5.1. */
export function isHeaderName(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text);
}

/** Whether a field value can hold all characters of a text: RFC 9110 section 5.5, but for controls of eight bits. */
export function isHeaderValue(text: string): boolean {
  return !/[^\t\x20-\x7e\xa0-\xff]/.test(text);
}
