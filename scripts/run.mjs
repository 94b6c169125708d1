/**
 * `node scripts/run.mjs build …`: runs scripts/build.ts, even in a fresh clone. The script runs in this process, so signals
 * and the exit code need no forwarding.
 */
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import './set-up.mjs';

const [name] = process.argv.splice(2, 1);
const script = new URL(`${name}.ts`, import.meta.url);
// The script sees the same arguments as if Node had started it directly.
process.argv[1] = fileURLToPath(script);
await import('tsx');
await import(script.href);
