/** How programs are found and started, also on Windows, which runs here by its own rules of names and paths. */
import { describe, expect, test } from 'vitest';
import { AuthError } from '../../src/errors.js';
import { prepareStart, type StartPlace } from '../../src/machine/program-start.js';

const npx = 'C:\\Program Files\\nodejs\\npx.cmd';
const files = [
  'C:\\Program Files\\nodejs\\node.exe',
  // The same name for Unix shells, which Windows cannot run.
  'C:\\Program Files\\nodejs\\npx',
  npx,
  'C:\\Windows\\System32\\icacls.exe',
  'C:\\work\\icacls.exe',
  'C:\\work\\tool.bat',
  'C:\\tools\\both.exe',
  'C:\\tools\\both.cmd',
  'C:\\tools\\script.ps1',
  'C:\\100%\\odd.cmd',
];
const windows: StartPlace = {
  platform: 'win32',
  variables: {
    SystemRoot: 'C:\\Windows',
    Path: '"C:\\Program Files\\nodejs";;C:\\Windows\\System32;C:\\tools;C:\\100%',
    PATHEXT: '.COM;.EXE;.BAT;.CMD;.JS',
  },
  folder: 'C:\\work',
  isFile: (file) => files.some((one) => one.toLowerCase() === file.toLowerCase()),
};
const start = (words: string[], place: Partial<StartPlace> = {}) => prepareStart(words, { ...windows, ...place });
const refusal = (words: string[], place: Partial<StartPlace> = {}) => {
  try {
    return start(words, place);
  } catch (error) {
    return error instanceof AuthError ? `${error.code}: ${error.message}` : error;
  }
};

test('on Unix, the system finds the program', () => {
  const words = ['npx', '-y', '100% & "more"\n'];
  expect(prepareStart(words, { ...windows, platform: 'linux' })).toEqual({
    file: 'npx',
    words: words.slice(1),
    windowsVerbatimArguments: false,
  });
});

test.each([
  ['node', 'C:\\Program Files\\nodejs\\node.exe'],
  ['NODE.EXE', 'C:\\Program Files\\nodejs\\NODE.EXE'],
  ['both', 'C:\\tools\\both.exe'],
  ['.\\icacls', 'C:\\work\\icacls.exe'],
  ['../tools/both', 'C:\\tools\\both.exe'],
  ['C:/tools/both.exe', 'C:\\tools\\both.exe'],
  // Not the one of the working folder, which a repository may contain.
  ['icacls', 'C:\\Windows\\System32\\icacls.exe'],
])('on Windows, %s is %s, started by the system itself', (command, file) => {
  const words = ['a&b', '"quoted"', '%PATH%', 'line\nbreak'];
  const found = start([command, ...words]);
  expect({ ...found, file: found.file.toLowerCase() }).toEqual({ file: file.toLowerCase(), words, windowsVerbatimArguments: false });
});

test('the order of PATHEXT decides, and without it the usual order', () => {
  expect(start(['both'], { variables: { ...windows.variables, PATHEXT: '.CMD;.EXE' } }).file).toBe('C:\\Windows\\System32\\cmd.exe');
  expect(start(['both'], { variables: { PATH: 'C:\\tools' } }).file).toBe('C:\\tools\\both.exe');
});

test.each(['tool', 'nothing', '', '..\\nothing', 'C:\\tools', 'C:\\tools\\script.ps1', `${npx}.`, `${npx} `, 'npx.cmd::$DATA'])(
  'on Windows, there is no program %j',
  (command) => {
    expect(refusal([command])).toBe(`program_failed: ${JSON.stringify(command)} cannot be run (ENOENT).`);
  },
);

describe('a batch file is run by cmd.exe', () => {
  const line = (...words: string[]) => start(words).words.at(-1);

  test('with nothing before it, and no shell of the environment', () => {
    const variables = { ...windows.variables, ComSpec: 'C:\\work\\icacls.exe' };
    expect(start(['npx', '-y', 'mcp-remote'], { variables })).toEqual({
      file: 'C:\\Windows\\System32\\cmd.exe',
      words: ['/d', '/e:on', '/v:off', '/s', '/c', `""${npx}" -y mcp-remote"`],
      windowsVerbatimArguments: true,
    });
    expect(line('.\\tool', 'x')).toBe('"C:\\work\\tool.bat x"');
  });

  test.each([
    ['a&calc', '"a&calc"'],
    ['a|b', '"a|b"'],
    ['a>b<c', '"a>b<c"'],
    ['^&', '"^&"'],
    ['(a)', '"(a)"'],
    ['a b', '"a b"'],
    ['a;b,c=d', '"a;b,c=d"'],
    ['!PATH!', '"!PATH!"'],
    ['', '""'],
    ['C:\\folder\\', 'C:\\folder\\'],
    ['C:\\a folder\\\\', '"C:\\a folder\\\\\\\\"'],
    ['https://example.com/mcp', 'https://example.com/mcp'],
    ['büro', '"büro"'],
  ])('which gets %j as %s', (word, quoted) => {
    expect(line('npx', word, 'end')).toBe(`""${npx}" ${quoted} end"`);
  });

  test.each(['"', '" & calc & "', '\\"', '%', '%PATH%', '%CMDCMDLINE:~-1%&calc', 'a\nb', 'a\r', 'a\0b'])('which never gets %j', (word) => {
    const expected = `program_failed: ${JSON.stringify(npx)} cannot be run: it is a batch file, and an argument contains ", % or a line break.`;
    expect(refusal(['npx', word])).toBe(expected);
    expect(refusal(['npx', 'first', word, 'last'])).toBe(expected);
  });

  test('not in a folder whose name cmd.exe would change', () => {
    expect(refusal(['odd'])).toContain('"C:\\\\100%\\\\odd.cmd" cannot be run');
  });
});
