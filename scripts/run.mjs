/**
 * `node scripts/run.mjs build …`: runs scripts/build.ts, on a fresh clone too. It stays in this process, so that signals and
 * the exit code need no passing on.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import './set-up.mjs';

const [name] = process.argv.splice(2, 1);
const script = new URL(`${name}.ts`, import.meta.url);
// The words of a script follow its own path, as if Node had been started with it.
process.argv[1] = fileURLToPath(script);
await import('tsx');
await import(script.href);
