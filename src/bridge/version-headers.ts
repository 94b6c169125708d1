/** What a message says of itself in HTTP headers, so that whoever stands before the server need not read its body. */
import type { Message } from './json-rpc.js';

/**
 * MCP up to 2025-11-25 repeats the version that `initialize` settled on. In the wire of 2026-07-28 every request names its
 * own version, its method, and what it is about.
 *
 * @param settled the version of the session, if there is one.
 */
export function createVersionHeaders(message: Message | undefined, settled: string | undefined): Record<string, string> {
  const { protocolVersion: own, method, subject } = message ?? {};
  if (own !== undefined && isHeaderValue(own)) {
    return {
      'mcp-protocol-version': own,
      ...(method !== undefined && isHeaderValue(method) && { 'mcp-method': method }),
      ...(subject !== undefined && { 'mcp-name': encoded(subject) }),
    };
  }
  return settled === undefined || method === 'initialize' ? {} : { 'mcp-protocol-version': settled };
}

function isHeaderValue(text: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

/** A name that no header could hold is sent as `=?base64?…?=`, as MCP 2026-07-28 has it. */
function encoded(name: string): string {
  return isHeaderValue(name) && !name.startsWith('=?base64?') ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`;
}
