import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** A new folder, removed when the current test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcp-auth-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** The path of a store in a new folder. The file has `content`, or does not exist yet. */
export function temporaryStore(content?: object | string): string {
  const file = path.join(temporaryFolder(), 'mcp-servers.json');
  if (content !== undefined) writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  return file;
}

/** The document of a store, read as another program would read it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks at any part of it
export function readStore(file: string): any {
  return JSON.parse(readFileSync(file, 'utf8'));
}
