import { readFileSync } from 'node:fs';

/** This package's version, from the package.json that stands beside src and dist. */
export const version = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version;
