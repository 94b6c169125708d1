#!/usr/bin/env node
/** The real world, and the only process.exit. */
import { fstatSync } from 'node:fs';
import { runCli } from './cli.js';
import { systemClock } from './clock.js';
import { exitCodes, interrupted } from './errors.js';
import { openBrowser } from './terminal/open-browser.js';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for an orderly end.
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort(interrupted());
  });
}

// A reader that has gone, as in `mcp-auth list | head -1`, is no reason to fail.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

process.exit(
  await runCli({
    argv: process.argv.slice(2),
    stdin: canBeRead() ? process.stdin : undefined,
    stdout: process.stdout,
    stderr: process.stderr,
    env: { variables: process.env, platform: process.platform },
    clock: systemClock,
    openBrowser,
    interrupt: interrupt.signal,
  }),
);

/** False for a stdin that is closed or /dev/null: nobody will ever write there. A pipe that is empty is another thing. */
function canBeRead(): boolean {
  try {
    return process.stdin.isTTY || !fstatSync(0).isCharacterDevice();
  } catch {
    return false;
  }
}
