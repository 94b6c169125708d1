import { readFileSync } from 'node:fs';

/** Defined by scripts/build.ts. */
declare const builtVersion: string | undefined;

/** This package's version, from its package.json. */
export const version = typeof builtVersion === 'string' ? builtVersion : readSourceVersion();

function readSourceVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}
