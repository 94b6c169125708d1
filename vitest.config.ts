import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // One of the real authorization servers is written for another runtime; see test/live.
  resolve: { alias: { 'cloudflare:workers': path.resolve(import.meta.dirname, 'test/live/cloudflare-workers.ts') } },
  test: {
    server: { deps: { inline: ['@cloudflare/workers-oauth-provider'] } },
    include: ['test/**/*.test.ts'],
    // The tests in e2e run the built command.
    globalSetup: 'test/helpers/build.ts',
    // A hung test is ended, nothing more: what is slow on a busy machine is not wrong.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // oidc-provider tells once a process that Node 20 is old and that its defaults are for development, and Cloudflare's
    // provider that this is not its runtime.
    onConsoleLog: (log) => !/oidc-provider|^CIMD /.test(log),
    reporters: process.env['CI'] ? ['default', 'json', 'test/helpers/hang-reporter.ts'] : ['default'],
    outputFile: { json: 'coverage/vitest.json' },
  },
});
