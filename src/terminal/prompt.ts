import { interrupted } from '../errors.js';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal | undefined;
}

/** A pasted address is shown as this many characters of it: enough to recognise it, too few to use it. */
const shownOfPaste = 24;

/** One line, typed or pasted. `shorten` shows the beginning of a long one only, `secret` nothing of it. */
export async function askAtTerminal({
  message,
  shorten,
  secret,
  ...streams
}: { message: string; shorten: boolean; secret: boolean } & Streams): Promise<string> {
  if (secret) return prompted<string>({ type: 'password', message, mask: true }, streams);
  const transformer = (value: string) =>
    shorten && value.length > shownOfPaste ? `${value.slice(0, shownOfPaste)}… (${value.length} characters)` : value;
  return prompted<string>({ type: 'input', message, transformer }, streams);
}

/** One of several choices, by arrow keys. */
export async function chooseAtTerminal<T>({
  message,
  choices,
  ...streams
}: { message: string; choices: { name: string; value: T }[] } & Streams): Promise<T> {
  return prompted<T>({ type: 'select', message, choices }, streams);
}

/** Runs one inquirer prompt on stderr; Ctrl-C, Ctrl-D and the signal end it and give the terminal back. */
async function prompted<T>(question: object, { stdin, stderr, signal }: Streams): Promise<T> {
  signal?.throwIfAborted();
  const { default: inquirer } = await import('inquirer');
  const ended = new AbortController();
  const end = () => ended.abort(interrupted());
  // Ctrl-D closes the readline that inquirer reads from, which it does not notice by itself.
  const onKey = (_: unknown, key: { ctrl?: boolean; name?: string } | undefined) => {
    if (key?.ctrl && key.name === 'd') end();
  };
  stdin.on('keypress', onKey);
  const any = AbortSignal.any([ended.signal, ...(signal ? [signal] : [])]);
  try {
    const prompt = inquirer.createPromptModule({ input: stdin, output: stderr, signal: any, clearPromptOnDone: true });
    const answers = (await prompt([{ ...question, name: 'answer' }] as never)) as { answer: T };
    return answers.answer;
  } catch (error) {
    if (any.aborted) throw any.reason;
    if (error instanceof Error && error.name === 'ExitPromptError') throw interrupted();
    throw error;
  } finally {
    stdin.off('keypress', onKey);
  }
}
