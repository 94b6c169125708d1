/** HTTP headers that repeat parts of a message, so that gateways need not read its body. */
import type { Message } from './json-rpc.js';

/**
 * Up to MCP 2025-11-25, the headers repeat the version negotiated by `initialize`. As of 2026-07-28, every request states its own
 * version, its method and what it is about.
 *
 * @param negotiated the version of the session, if there is a session.
 */
export function createVersionHeaders(message: Message | undefined, negotiated: string | undefined): Record<string, string> {
  const { protocolVersion, method, subject } = message ?? {};
  if (protocolVersion !== undefined && isPlainAscii(protocolVersion)) {
    return {
      'mcp-protocol-version': protocolVersion,
      ...(method !== undefined && isPlainAscii(method) && { 'mcp-method': method }),
      ...(subject !== undefined && { 'mcp-name': encodeName(subject) }),
    };
  }
  return negotiated === undefined || method === 'initialize' ? {} : { 'mcp-protocol-version': negotiated };
}

/** Whether a text can be sent as it is: printable ASCII, without a space at either end (MCP 2026-07-28). */
function isPlainAscii(text: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

/** A name that is not a valid header value is sent as `=?base64?…?=` (MCP 2026-07-28). */
function encodeName(name: string): string {
  return isPlainAscii(name) && !name.startsWith('=?base64?') ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`;
}
