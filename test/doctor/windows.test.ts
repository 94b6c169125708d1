/** Who can read the store on Windows: the branch for Windows, with what PowerShell prints there. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCallbackUi } from '../../src/callback-ui.js';
import type { Context } from '../../src/context.js';
import { listOtherUsers } from '../../src/doctor/access-list.js';
import { access } from '../../src/doctor/windows.js';
import { systemClock } from '../../src/machine/clock.js';
import { createContext } from '../../src/machine/create-context.js';
import { temporaryFolder } from '../helpers/folder.js';

const user = 'S-1-5-21-1004336348-1177238915-682003330-1001';
const other = 'S-1-5-21-1004336348-1177238915-682003330-1002';
const ofUser = `O:${user}G:S-1-5-21-1004336348-1177238915-682003330-513`;
const inProfile = `${ofUser}D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;FA;;;${user})`;

describe('the access list', () => {
  test.each([
    ['a file in the profile', inProfile, []],
    ['one that administrators own', inProfile.replace(ofUser, 'O:BAG:SY'), []],
    ['inherited from a drive', `${inProfile}(A;ID;0x1200a9;;;BU)(A;ID;0x1301bf;;;AU)`, ['Users', 'Authenticated Users']],
    ['rights in words', `${inProfile}(A;;FR;;;WD)(A;;GR;;;${other})`, ['Everyone', other]],
    ['rights that give rights', `${inProfile}(A;;WD;;;BG)(A;;0x80000;;;PU)`, ['Guests', 'Power Users']],
    ['attributes only', `${inProfile}(A;;0x100080;;;WD)(A;;RC;;;BU)`, []],
    ['for files in it only', `${inProfile}(A;OICIIO;FA;;;WD)`, []],
    ['a rule that denies', `${inProfile}(D;;FA;;;WD)`, []],
    ['a rule with a condition', `${inProfile}(XA;;FR;;;WD;(@User.Title=="PM" && (Member_of {SID(BA)})))`, ['Everyone']],
    ['owned by another user', inProfile.replace(`O:${user}`, `O:${other}`), [other]],
    ['with a list of what is logged', `${inProfile}S:AI(AU;SAFA;FA;;;WD)`, []],
    ['no list', ofUser, ['Everyone']],
    ['an empty list', `${ofUser}D:P`, []],
    ['a list of null', `${ofUser}D:NO_ACCESS_CONTROL`, ['Everyone']],
    ['no descriptor', 'Get-Acl : Cannot find path', undefined],
    ['nothing', '', undefined],
  ])('%s', (_, descriptor, others) => {
    expect(listOtherUsers(descriptor, user)).toEqual(others);
  });
});

describe('the check of doctor', () => {
  const run = async ({ stdout, exitCode = 0, platform = 'win32' }: { stdout: string; exitCode?: number; platform?: NodeJS.Platform }) => {
    const folder = path.join(temporaryFolder(), "o'brien");
    mkdirSync(folder);
    const store = path.join(folder, 'mcp-servers.json');
    writeFileSync(store, '{}', { mode: 0o600 });
    const started: (readonly string[])[] = [];
    const env = { variables: { APPDATA: folder, HOME: folder }, platform, folder, program: [], exists: existsSync };
    const { signal } = new AbortController();
    const context = createContext({
      env,
      clock: systemClock,
      ui: createCallbackUi({}),
      signal,
      store,
      runProgram: () => Promise.resolve(0),
    });
    const startProgram: Context['startProgram'] = (words) => {
      started.push(words);
      return Promise.resolve({
        ended: Promise.resolve({ exitCode, stdout, stderr: '' }),
        write: () => undefined,
        endInput: () => undefined,
        stop: () => undefined,
      });
    };
    return { result: await access.run(undefined, { ...context, startProgram }), started, store };
  };

  test('names who can read the store, and what to do', async () => {
    const { result, started, store } = await run({ stdout: `${user}\r\n${inProfile}(A;ID;FR;;;BU)\r\n` });
    expect(result).toMatchObject({ verdict: 'warning', seen: 'can be read or changed by: Users' });
    expect(started.map((words) => words.slice(0, 4))).toEqual([['powershell.exe', '-NoProfile', '-NonInteractive', '-Command']]);
    // The path is one word of PowerShell, whatever is in it.
    expect(started[0]?.[4]).toContain(`-LiteralPath '${store.replaceAll("'", "''")}').Sddl`);
  });
  test('is content with a store in the profile', async () => {
    expect((await run({ stdout: `${user}\r\n${inProfile}\r\n` })).result).toMatchObject({ verdict: 'fine' });
  });
  test.each([
    ['PowerShell fails', { stdout: '', exitCode: 1 }],
    ['it prints something else', { stdout: 'x\r\ny' }],
  ])('says so if %s', async (_, given) => {
    expect((await run(given)).result).toMatchObject({ verdict: 'warning', seen: 'its access list cannot be read' });
  });
  test('starts nothing on other systems', async () => {
    const { result, started } = await run({ stdout: '', platform: 'linux' });
    expect([result, started]).toEqual([undefined, []]);
  });
});
