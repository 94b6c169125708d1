/** Who can read the store on Windows, where a file has an access list and no mode. */
import type { Context } from '../context.js';
import { quoteShellWord } from '../text/command-line.js';
import { listOtherUsers } from './access-list.js';
import { fine, warning, type MachineCheck } from './check.js';

/** Milliseconds. The first start of PowerShell after a reboot takes several seconds. */
const maxRunTime = 20_000;

export const access: MachineCheck = {
  name: 'Store: access',
  run: async (_, context) => {
    const { store, env } = context;
    if (env.platform !== 'win32') return undefined;
    const { mode, engine } = await store.readState();
    if (mode === undefined || engine !== undefined) return undefined;
    const file = quoteShellWord(store.path, 'win32');
    const others = await findOtherUsers(file, context);
    if (others === undefined) return warning('its access list cannot be read', `To see who can read the store, run: icacls ${file}`);
    if (others.length === 0) return fine('only this user, administrators and the system can read it');
    return warning(
      `can be read or changed by: ${others.join(', ')}`,
      'Allow only yourself to use its folder: see "Who can read the store" in docs/windows.md. Or run: mcp-auth seal',
    );
  },
};

/** @param file quoted for PowerShell. */
async function findOtherUsers(file: string, context: Context): Promise<string[] | undefined> {
  const script = `[Security.Principal.WindowsIdentity]::GetCurrent().User.Value; (Get-Acl -LiteralPath ${file}).Sddl`;
  const words = ['powershell.exe', '-NoProfile', '-NonInteractive', '-Command', script];
  const program = await context.startProgram(words, { showsErrors: false }).catch(() => undefined);
  if (program === undefined) return undefined;
  program.endInput();
  const stopAlarm = context.clock.alarm(maxRunTime, () => program.stop());
  const { exitCode, stdout } = await program.ended;
  stopAlarm();
  const [user = '', descriptor = ''] = stdout.trim().split(/\r?\n/);
  return exitCode === 0 && /^S-1-[\d-]+$/.test(user) ? listOtherUsers(descriptor, user) : undefined;
}
