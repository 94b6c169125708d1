/** Runs in Node for Windows: starts a batch file as `mcp-auth exec` does, and prints what its program gets. Bundled by test-windows.ts. */
import process from 'node:process';
import { startProgram } from '../../src/machine/program.js';

const [folder = '', ...words] = process.argv.slice(2);
const others = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.toLowerCase() !== 'path'));
const program = await startProgram(['show', ...words], { showsErrors: true, environment: { ...others, Path: folder } });
program.endInput();
const { exitCode, stdout } = await program.ended;
process.stdout.write(stdout);
process.exitCode = exitCode;
