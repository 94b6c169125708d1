/** A login by paste against the fake server. The user approves at once and pastes the redirect URL. */
import { run, type Run, type RunOptions } from './run.js';

export interface PasteOptions extends Partial<Omit<RunOptions, 'stdin'>> {
  readonly store: string;
  /** The authorization response; by default a code. */
  readonly answer?: (request: URLSearchParams) => Readonly<Record<string, string | undefined>>;
}

export interface PasteLogin {
  readonly command: Run;
  readonly exit: number;
  /** The authorization request that was printed; undefined if none was printed. */
  readonly request: URLSearchParams | undefined;
}

/** @param words arguments after `login`. */
export async function logInByPaste(
  words: readonly string[],
  { answer = () => ({ code: 'code-1' }), ...options }: PasteOptions,
): Promise<PasteLogin> {
  const command = run(['login', ...words, '--no-browser', '--flow', 'paste', '--no-qr'], { ...options, stdin: 'open' });
  const shown = await command.shown(/^(http\S+\?\S*state=\S+)$/m).catch(() => undefined);
  if (shown === undefined) return { command, exit: await command.exit, request: undefined };
  const request = new URL(shown).searchParams;
  const given = Object.entries(answer(request)).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const parameters = new URLSearchParams([...given, ['state', request.get('state') ?? '']]);
  command.type(`${request.get('redirect_uri')}?${String(parameters)}\n`);
  command.end();
  return { command, exit: await command.exit, request };
}
