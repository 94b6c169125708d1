#!/usr/bin/env node
/** The entry point: the fast path for `token` and `headers`, the process that renews, and otherwise the whole program. */
import { keepCompiledCode } from './fast-path/compiled-code.js';
import { isQuickCommand } from './fast-path/quick-commands.js';
import { refresherCommand } from './machine/refresher-command.js';

const argv = process.argv.slice(2);
if (argv[0] === refresherCommand) void import('./refresher.js');
else void runCommandLine();

async function runCommandLine(): Promise<void> {
  const machine = { variables: process.env, platform: process.platform };
  const report = isQuickCommand(argv[0]) ? await runQuickly(machine) : { messages: [], isInterrupted: false };
  if (report === undefined) return;
  keepCompiledCode(machine);
  const { run } = await import('./main.js');
  await run(report);
}

async function runQuickly(machine: { readonly variables: NodeJS.ProcessEnv; readonly platform: NodeJS.Platform }) {
  const { takeFastPath } = await import('./fast-path/fast-path.js');
  return takeFastPath({ argv, ...machine });
}
