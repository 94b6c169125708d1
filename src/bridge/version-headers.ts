/** What a message says of itself in HTTP headers, so that whoever stands before the server need not read its body. */
import type { Message } from './json-rpc.js';

const versionKey = 'io.modelcontextprotocol/protocolVersion';

/**
 * MCP up to 2025-11-25 repeats the version that `initialize` settled on. In the wire of 2026-07-28 every request names its
 * own version, its method, and what it is about.
 *
 * @param settled the version of the session, if there is one.
 */
export function versionHeaders(message: Message | undefined, settled: string | undefined): Record<string, string> {
  const meta = message?.params?.['_meta'];
  const own = typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>)[versionKey] : undefined;
  if (typeof own === 'string' && isHeaderValue(own)) {
    const { method, params } = message ?? {};
    const name = params?.['name'] ?? params?.['uri'];
    return {
      'mcp-protocol-version': own,
      ...(method !== undefined && isHeaderValue(method) && { 'mcp-method': method }),
      ...(typeof name === 'string' && { 'mcp-name': encoded(name) }),
    };
  }
  return settled === undefined || message?.method === 'initialize' ? {} : { 'mcp-protocol-version': settled };
}

function isHeaderValue(text: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}

/** A name that no header could hold is sent as `=?base64?…?=`, as MCP 2026-07-28 has it. */
function encoded(name: string): string {
  return isHeaderValue(name) && !name.startsWith('=?base64?') ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`;
}
