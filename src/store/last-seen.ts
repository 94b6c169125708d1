/**
 * What a server last said about itself and its tools, next to the store (`STORE.NAME.tools`, 0600): a bridge offers it to its app
 * while there is no login. It contains no secret of ours, but the tools of an account are its owner's business.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../text/json.js';
import { writeAtomically } from './atomic-write.js';
import { readOwnFile } from './own-file.js';
import { encodeForFileName } from './file-name.js';

/** Results as the server sent them. A server is unknown again if its URL changes. */
export interface LastSeen {
  readonly url: string;
  /** The result of `initialize`. */
  readonly initialize?: Readonly<Record<string, unknown>>;
  /** The result of `server/discover` (MCP 2026-07-28). */
  readonly discover?: Readonly<Record<string, unknown>>;
  /** The members of `tools` in all pages of `tools/list`. */
  readonly tools?: readonly unknown[];
}

/** Characters of the file. A longer list is not kept: it could not be read again (`readOwnFile`). */
const maxLength = 2 * 1024 * 1024;

/** `{ url }` if nothing is known of the server at that URL. */
export function readLastSeen(store: string, { name, url }: { name: string; url: string }): LastSeen {
  try {
    const value: unknown = JSON.parse(readOwnFile(getLastSeenPath(store, name)) ?? '');
    if (!isObject(value) || value['url'] !== url) return { url };
    const { initialize, discover, tools } = value;
    return {
      url,
      ...(isObject(initialize) && { initialize }),
      ...(isObject(discover) && { discover }),
      ...(Array.isArray(tools) && { tools: tools as unknown[] }),
    };
  } catch {
    return { url };
  }
}

/** Replaces the file. Throws the system's error. */
export async function writeLastSeen(store: string, name: string, seen: LastSeen): Promise<void> {
  const text = JSON.stringify(seen);
  if (text.length > maxLength) return;
  await writeAtomically(getLastSeenPath(store, name), text, { namedAfter: path.basename(store), flush: false });
}

/** Deletes the file of server `name`. */
export async function removeLastSeen(store: string, name: string): Promise<void> {
  await rm(getLastSeenPath(store, name), { force: true }).catch(() => undefined);
}

function getLastSeenPath(store: string, name: string): string {
  return `${store}.${encodeForFileName(name)}.tools`;
}
