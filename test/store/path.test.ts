/** The paths of the files: after an upgrade, the logins must be found where they were. */
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { AuthError } from '../../src/errors.js';
import { findHomeFolder } from '../../src/folders.js';
import { getDefaultStorePath, getPreferencesPath, getStorePath } from '../../src/store/path.js';

const home = '/home/ada';

test.each([
  { platform: 'linux', variables: { HOME: home }, file: '/home/ada/.config/mcp-auth/mcp-servers.json' },
  { platform: 'linux', variables: { HOME: home, XDG_CONFIG_HOME: '/x' }, file: '/x/mcp-auth/mcp-servers.json' },
  { platform: 'linux', variables: { HOME: home, XDG_CONFIG_HOME: '' }, file: '/home/ada/.config/mcp-auth/mcp-servers.json' },
  { platform: 'linux', variables: { HOME: '/' }, file: '/.config/mcp-auth/mcp-servers.json' },
  { platform: 'linux', variables: { HOME: home, APPDATA: '/a' }, file: '/home/ada/.config/mcp-auth/mcp-servers.json' },
  { platform: 'freebsd', variables: { HOME: home }, file: '/home/ada/.config/mcp-auth/mcp-servers.json' },
  {
    platform: 'darwin',
    variables: { HOME: '/Users/ada', XDG_CONFIG_HOME: '/x' },
    file: '/Users/ada/Library/Preferences/mcp-auth/mcp-servers.json',
  },
  {
    platform: 'win32',
    variables: { USERPROFILE: 'C:\\Users\\ada', HOME: 'D:\\', XDG_CONFIG_HOME: 'E:\\' },
    file: 'C:\\Users\\ada\\AppData\\Roaming\\mcp-auth\\Config\\mcp-servers.json',
  },
  {
    platform: 'win32',
    variables: { USERPROFILE: 'C:\\Users\\ada', APPDATA: 'R:\\Roaming' },
    file: 'R:\\Roaming\\mcp-auth\\Config\\mcp-servers.json',
  },
] as const)('$platform, $variables: $file', ({ platform, variables, file }) => {
  const env = { platform, variables };
  expect(getDefaultStorePath(env)).toBe(file);
  expect(getStorePath({ option: undefined, env })).toBe(file);
  expect(getPreferencesPath({ env })).toBe(file.replace('mcp-servers', 'preferences'));
});

test('a path that the user gives comes first, and needs no home folder', () => {
  const env = { platform: 'linux', variables: { MCP_AUTH_STORE: '/s/a.json', MCP_AUTH_PREFERENCES: 'p.json', HOME: home } } as const;
  expect(getStorePath({ option: undefined, env })).toBe('/s/a.json');
  expect(getStorePath({ option: 'b.json', env })).toBe(path.resolve('b.json'));
  expect(getPreferencesPath({ env })).toBe(path.resolve('p.json'));
});

test('with an empty HOME, the home folder of the system’s user database is used', () => {
  for (const variables of [{ HOME: '' }, {}]) expect(findHomeFolder({ platform: 'linux', variables })).toBe(os.userInfo().homedir);
});

test('a deleted working folder is reported', () => {
  const { cwd } = process;
  process.cwd = () => {
    throw Object.assign(new Error('uv_cwd'), { code: 'ENOENT' });
  };
  try {
    expect(() => getStorePath({ option: 'a.json', env: { platform: 'linux', variables: {} } })).toThrow(AuthError);
    expect(getStorePath({ option: '/a.json', env: { platform: 'linux', variables: {} } })).toBe('/a.json');
  } finally {
    process.cwd = cwd;
  }
});
