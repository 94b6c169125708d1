/** What `ssh -G` says, in versions with and without the newer settings. */
import { expect, test } from 'vitest';
import { parseSettings } from '../../src/ssh/settings.js';

test('a session of a new ssh', () => {
  expect(parseSettings('host a\nsessiontype default\nstdinnull no\nforkafterauthentication no\nexitonforwardfailure no\n')).toEqual({
    overrides: ['-o', 'forkafterauthentication=no', '-o', 'sessiontype=default', '-o', 'stdinnull=no'],
    sessionOverrides: ['-o', 'forkafterauthentication=no'],
    hasSession: true,
    exitsOnForwardFailure: false,
  });
});

test('an old ssh is given no setting that it does not have', () => {
  expect(parseSettings('host a\nexitonforwardfailure yes\n')).toEqual({
    overrides: [],
    sessionOverrides: [],
    hasSession: true,
    exitsOnForwardFailure: true,
  });
});

test('-N, and a command in the configuration', () => {
  const { overrides, hasSession } = parseSettings('sessiontype none\nremotecommand tmux attach\n');
  expect(overrides).toEqual(['-o', 'sessiontype=default', '-o', 'remotecommand=none']);
  expect(hasSession).toBe(false);
});
