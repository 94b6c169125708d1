import { readFileSync } from 'node:fs';

/** Put in by scripts/build.ts. */
declare const builtVersion: string | undefined;

/** This package's version, from its package.json. */
export const version = typeof builtVersion === 'string' ? builtVersion : sourceVersion();

function sourceVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
