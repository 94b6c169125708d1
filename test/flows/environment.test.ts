/** Which flow is chosen on which machine, and the line that says why. */
import { describe, expect, test } from 'vitest';
import { explainMissingBrowser, formatPortForwarding } from '../../src/flows/environment.js';

const envOf = (
  variables: Record<string, string | undefined>,
  { platform = 'linux', files = [] }: { platform?: NodeJS.Platform; files?: string[] } = {},
) => ({
  variables,
  platform,
  folder: '/',
  program: [],
  exists: (file: string) => files.includes(file),
});
const ssh = { SSH_CONNECTION: '192.0.2.1 50000 192.0.2.7 22' };

describe('a browser', () => {
  test.each([
    { where: 'on a desktop', env: envOf({ DISPLAY: ':0' }), reason: undefined },
    { where: 'on Wayland', env: envOf({ WAYLAND_DISPLAY: 'wayland-0' }), reason: undefined },
    { where: 'on macOS', env: envOf({}, { platform: 'darwin' }), reason: undefined },
    { where: 'on Windows', env: envOf({}, { platform: 'win32' }), reason: undefined },
    { where: 'in WSL', env: envOf({ WSL_DISTRO_NAME: 'Debian' }), reason: undefined },
    { where: 'through an editor that forwards it', env: envOf({ ...ssh, BROWSER: '/vscode/helpers/browser.sh' }), reason: undefined },
    { where: 'in a container of such an editor', env: envOf({ BROWSER: 'x' }, { files: ['/.dockerenv'] }), reason: undefined },
    { where: 'in SSH', env: envOf(ssh), reason: 'this is an SSH session' },
    { where: 'in SSH with X11', env: envOf({ ...ssh, DISPLAY: 'localhost:10.0' }), reason: 'this is an SSH session' },
    { where: 'in SSH to a Mac', env: envOf(ssh, { platform: 'darwin' }), reason: 'this is an SSH session' },
    { where: 'without a display', env: envOf({}), reason: 'this machine has no display' },
    { where: 'in Docker', env: envOf({}, { files: ['/.dockerenv'] }), reason: 'this is a container' },
    { where: 'in Podman', env: envOf({}, { files: ['/run/.containerenv'] }), reason: 'this is a container' },
    { where: 'in Kubernetes', env: envOf({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }), reason: 'this is a container' },
    { where: 'in systemd-nspawn', env: envOf({ container: 'systemd-nspawn' }), reason: 'this is a container' },
    { where: 'in CI', env: envOf({ CI: 'true', DISPLAY: ':99' }), reason: 'this is a CI job, which no user watches' },
    { where: 'where CI=false', env: envOf({ CI: 'false', DISPLAY: ':0' }), reason: undefined },
    { where: 'that BROWSER denies', env: envOf({ BROWSER: 'none', DISPLAY: ':0' }), reason: '$BROWSER says that this machine has none' },
  ])('$where: $reason', ({ env, reason }) => {
    expect(explainMissingBrowser(env)).toBe(reason);
  });
});

describe('the command that forwards a port', () => {
  test.each([
    { variables: ssh, command: 'ssh -L 4000:127.0.0.1:4000 192.0.2.7' },
    { variables: { ...ssh, USER: 'ada' }, command: 'ssh -L 4000:127.0.0.1:4000 ada@192.0.2.7' },
    { variables: { SSH_CONNECTION: '::1 5 2001:db8::7 2222', USER: 'ada' }, command: 'ssh -L 4000:127.0.0.1:4000 -p 2222 ada@2001:db8::7' },
    { variables: { SSH_CONNECTION: '1 2 cafe 22' }, command: undefined },
    { variables: { ...ssh, USER: '$(rm)' }, command: 'ssh -L 4000:127.0.0.1:4000 192.0.2.7' },
    { variables: { SSH_CONNECTION: 'x' }, command: undefined },
    { variables: { SSH_CONNECTION: '1 2 $(rm) 22' }, command: undefined },
    { variables: {}, command: undefined },
  ])('$variables: $command', ({ variables, command }) => {
    expect(formatPortForwarding('4000', envOf(variables))).toBe(command);
  });
});
