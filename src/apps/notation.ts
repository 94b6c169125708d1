/**
 * Variables as apps write them, in the notation of the store, which is pflow's: `${VAR}` and `${VAR:-default}`. All pure.
 *
 * `${env:VAR}`: VS Code, Cursor, Roo Code, Windsurf. `{env:VAR}`: opencode. `$VAR`: Gemini CLI, goose.
 */

/** A text in the store's notation, and what is in it that only the app can know, as it is written there. */
export interface TranslatedText {
  readonly text: string;
  readonly appVariables: readonly string[];
}

/** Every notation. None of them goes past the next brace: the time grows as the text's length does. */
const written = /\$?\{\{[^{}]*\}\}|\$\{[^{}]*\}|\{(?:env|file):[^{}]*\}/gi;
const withoutBraces = /\$(?:env:)?([A-Za-z_]\w*)/g;

/** What VS Code and its kin put in by themselves: https://code.visualstudio.com/docs/reference/variables-reference. */
const predefined: ReadonlySet<string> = new Set([
  ...['userHome', 'workspaceFolder', 'workspaceFolderBasename', 'file', 'fileWorkspaceFolder', 'relativeFile', 'relativeFileDirname'],
  ...['fileBasename', 'fileBasenameNoExtension', 'fileExtname', 'fileDirname', 'fileDirnameBasename', 'cwd', 'lineNumber'],
  ...['columnNumber', 'selectedText', 'execPath', 'defaultBuildTask', 'pathSeparator'],
]);

/**
 * @param bare whether `$VAR` is a variable wherever it stands. In a URL's scheme and host, where no `$` can be, it is one in
 *   every app.
 */
export function translateVariables(
  text: string,
  { bare = false, isUrl = false }: { bare?: boolean | undefined; isUrl?: boolean } = {},
): TranslatedText {
  const foreign: string[] = [];
  const braced = text.replace(written, (one) => {
    const ours = translated(one);
    if (ours === undefined) foreign.push(one);
    return ours ?? one;
  });
  const host = isUrl ? (/^(?:\w+:\/\/)?[^/?#]*/.exec(braced)?.[0] ?? '') : '';
  // Longer than what is percent-encoded.
  const percents = host.match(/%[A-Za-z_]\w{2,}%/g) ?? [];
  // A default that is a variable itself has an end too many: neither we nor pflow read it.
  const nested = braced.match(/\$\{\w+:-[^{}]*\$\{[^{}]*\}/g) ?? [];
  const withBraces = bare || /\$[A-Za-z_]/.test(host) ? braced.replace(withoutBraces, '$${$1}') : braced;
  return { text: withBraces, appVariables: [...foreign, ...percents, ...nested] };
}

function translated(one: string): string | undefined {
  const inner = /^\$?\{([^{}]*)\}$/.exec(one)?.[1]?.trim();
  const [, prefix, name = '', otherwise] = /^(env[:.])?(\w+)(:-.*)?$/is.exec(inner ?? '') ?? [];
  const isVariable = name !== '' && (prefix !== undefined || (one.startsWith('$') && !predefined.has(name)));
  return isVariable ? `\${${name}${otherwise ?? ''}}` : undefined;
}

/** What becomes of something that only the app knows, as the end of a sentence. */
export function explainAppVariable(foreign: string): string {
  if (/^\$\{input:/i.test(foreign)) return 'which the app asks you for';
  if (/^\{file:|^\$\{file:/i.test(foreign)) return 'which the app reads from a file';
  if (/^\$\{(command|cmd):/i.test(foreign)) return 'which the app gets from a command';
  if (foreign.startsWith('%')) return 'which is no variable in any app';
  return 'which only the app knows';
}
