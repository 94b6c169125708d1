import type { Context } from '../../context.js';
import { hasCode } from '../../errors.js';
import type { Question, WayToAsk } from '../questions.js';

/** A program that asks the user on the desktop. */
interface DesktopProgram {
  /** The command line. No shell reads it, and the text is never an option of the program. */
  readonly words: (question: Question) => readonly string[];
  /** What its exit code means; undefined for no answer. */
  readonly readExitCode: (code: number) => boolean | undefined;
}

/** 0 for the button that allows it, 1 for the other one, and for a window that was closed. */
const readButton = (code: number) => (code === 0 ? true : code === 1 ? false : undefined);

const zenity: DesktopProgram = {
  words: ({ text }) => [
    ...['zenity', '--question', '--default-cancel', '--no-markup', '--title=mcp-auth', '--ok-label=Allow', '--cancel-label=Deny'],
    `--text=${text}`,
  ],
  readExitCode: readButton,
};

const kdialog: DesktopProgram = {
  words: ({ text }) => ['kdialog', '--title', 'mcp-auth', '--yes-label', 'Allow', '--no-label', 'Deny', '--warningyesno', text],
  readExitCode: readButton,
};

/** It only shows the question: the answer is typed. */
const notifySend: DesktopProgram = {
  words: ({ id, text }) => [
    ...['notify-send', '--urgency=critical', '--app-name=mcp-auth', '--', 'mcp-auth'],
    `${text} To answer, run: mcp-auth agent allow ${id}, or: mcp-auth agent deny ${id}`.replace(/[&<>]/g, ' '),
  ],
  readExitCode: () => undefined,
};

const osascript: DesktopProgram = {
  words: ({ text }) => {
    const dialog =
      'display dialog (item 1 of argv) with title "mcp-auth" buttons {"Deny", "Allow"} default button "Deny" cancel button "Deny"';
    return ['osascript', '-e', 'on run argv', '-e', dialog, '-e', 'end run', text];
  },
  readExitCode: readButton,
};

/** The programs to try, by platform, in this order. To add one, add it here. */
const programs: Partial<Record<NodeJS.Platform, readonly DesktopProgram[]>> = {
  linux: [zenity, kdialog, notifySend],
  darwin: [osascript],
};

/** Asks in a window of the desktop, or shows the question in a notification. Without a desktop, there is no answer. */
export function createDesktopWay(context: Pick<Context, 'env' | 'startProgram'>): WayToAsk {
  const { platform, variables } = context.env;
  const hasDesktop = platform !== 'linux' || Boolean(variables['DISPLAY'] ?? variables['WAYLAND_DISPLAY']);
  return {
    name: 'desktop',
    ask: async (question, signal) => {
      for (const program of hasDesktop ? (programs[platform] ?? []) : []) {
        if (signal.aborted) return undefined;
        const code = await runUntil(signal, program.words(question), context);
        if (code !== undefined) return program.readExitCode(code);
      }
      return undefined;
    },
  };
}

/** The exit code; undefined if there is no such program. */
async function runUntil(
  signal: AbortSignal,
  words: readonly string[],
  context: Pick<Context, 'startProgram'>,
): Promise<number | undefined> {
  try {
    const program = await context.startProgram(words, { showsErrors: false });
    const stop = () => program.stop();
    signal.addEventListener('abort', stop, { once: true });
    program.endInput();
    const { exitCode } = await program.ended;
    signal.removeEventListener('abort', stop);
    return exitCode;
  } catch (error) {
    if (hasCode(error, 'program_failed')) return undefined;
    throw error;
  }
}
