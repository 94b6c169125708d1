import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The tests in e2e run the built command.
    globalSetup: 'test/helpers/build.ts',
    // A hung test is ended, nothing more: what is slow on a busy machine is not wrong.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // oidc-provider tells once a process that Node 20 is old and that its defaults are for development.
    onConsoleLog: (log) => !log.includes('oidc-provider'),
    reporters: process.env['CI'] ? ['default', 'json'] : ['default'],
    outputFile: { json: 'coverage/vitest.json' },
  },
});
