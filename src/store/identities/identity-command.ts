/** Identities that a program prints: a password manager, or one that decrypts a file with a TPM or a passphrase. */
import { AuthError } from '../../errors.js';
import { parseShellWords } from '../../text/shell-words.js';
import { parseWindowsWords } from '../../text/windows-words.js';
import type { Identity, IdentityMachine, IdentitySource } from './source.js';
import { createSourceError, createTextIdentity, maxIdentityLength } from './text-identity.js';

/** Milliseconds that the program may take: it may ask for a passphrase or a finger. */
const maxRunTime = 120_000;

export const commandVariable: IdentitySource = {
  name: 'MCP_AUTH_IDENTITY_COMMAND',
  summary: 'a command that prints an age identity, as op read, pass or clevis decrypt',
  find: (machine) => {
    const { MCP_AUTH_IDENTITY_COMMAND: line } = machine.env.variables;
    return Promise.resolve(line ? createCommandIdentity(line, 'MCP_AUTH_IDENTITY_COMMAND', machine) : undefined);
  },
};

export const commandPreference: IdentitySource = {
  name: 'mcp-auth config identity-command',
  summary: 'the same, in the preferences',
  find: async (machine) => {
    const { 'identity-command': line } = await machine.preferences.read();
    return line === undefined ? undefined : createCommandIdentity(line, 'the preference identity-command', machine);
  },
};

/** Checks a command line. @throws AuthError `usage` */
export function checkIdentityCommand(line: string, platform: NodeJS.Platform): string {
  if ((parseWords(line, platform) ?? []).length > 0) return line;
  throw new AuthError('usage', 'This is not a command line: it is empty, or a quote is not closed.', {
    hint: "For example: mcp-auth config identity-command 'op read op://vault/mcp-auth/identity'",
  });
}

/** Undefined if a quote is not closed. On Windows, a backslash is part of a path. */
function parseWords(line: string, platform: NodeJS.Platform): string[] | undefined {
  return platform === 'win32' ? parseWindowsWords(line) : parseShellWords(line);
}

function createCommandIdentity(line: string, origin: string, machine: IdentityMachine): Identity {
  const words = parseWords(line, machine.env.platform) ?? [];
  // The other words may name what should not be on a screen.
  const what = `The identity command ${JSON.stringify(words[0] ?? '')} (${origin})`;
  return createTextIdentity(what, () => runCommand(words, what, machine));
}

/** Runs it without a shell and without stdin; the user sees its stderr. @throws AuthError `identity_needed` */
async function runCommand(words: readonly string[], what: string, { startProgram, clock }: IdentityMachine): Promise<string> {
  const hint = 'Run that command by hand. No shell runs it: it has no variables, no pipes and no ~.';
  if (words.length === 0) throw createSourceError(what, 'is empty, or a quote in it is not closed', { hint });
  let length = 0;
  let problem: string | undefined;
  const stop = (why: string) => {
    problem ??= why;
    program.stop();
  };
  const take = (text: string) => {
    length += text.length;
    if (length > maxIdentityLength) stop('prints too much for an identity');
  };
  const program = await startProgram(words, { showsErrors: true, take }).catch((cause: unknown) => {
    throw createSourceError(what, 'cannot be run', { hint, cause });
  });
  program.endInput();
  const cancel = clock.alarm(maxRunTime, () => stop(`has not ended after ${maxRunTime / 1000} seconds`));
  const { exitCode, stdout } = await program.ended;
  cancel();
  problem ??= exitCode === 0 ? undefined : `has failed (exit code ${exitCode})`;
  if (problem !== undefined) throw createSourceError(what, problem, { hint });
  return stdout;
}
