/**
 * Translates variables from the notation of an app to that of the store, which is also pflow's: `${VAR}` and `${VAR:-default}`.
 *
 * `${env:VAR}`: VS Code, Cursor, Roo Code, Windsurf. `{env:VAR}`: opencode. `$VAR`: Gemini CLI, goose.
 */

/** A text in the store's notation, and the parts of it, as written, that only the app can resolve. */
export interface TranslatedText {
  readonly text: string;
  readonly appVariables: readonly string[];
}

/** Every notation. No match goes past the next brace, so the search takes linear time. */
const written = /\$?\{\{[^{}]*\}\}|\$\{[^{}]*\}|\{(?:env|file):[^{}]*\}/gi;
const withoutBraces = /\$(?:env:)?([A-Za-z_]\w*)/g;

/** Variables that VS Code and its forks predefine: https://code.visualstudio.com/docs/reference/variables-reference. */
const predefined: ReadonlySet<string> = new Set([
  ...['userHome', 'workspaceFolder', 'workspaceFolderBasename', 'file', 'fileWorkspaceFolder', 'relativeFile', 'relativeFileDirname'],
  ...['fileBasename', 'fileBasenameNoExtension', 'fileExtname', 'fileDirname', 'fileDirnameBasename', 'cwd', 'lineNumber'],
  ...['columnNumber', 'selectedText', 'execPath', 'defaultBuildTask', 'pathSeparator'],
]);

/**
 * @param bare whether `$VAR` is a variable everywhere. In a URL's scheme and host, where `$` is not allowed, it always is.
 */
export function translateVariables(
  text: string,
  { bare = false, isUrl = false }: { bare?: boolean | undefined; isUrl?: boolean } = {},
): TranslatedText {
  const appVariables: string[] = [];
  const braced = text.replace(written, (one) => {
    const ours = translateVariable(one);
    if (ours === undefined) appVariables.push(one);
    return ours ?? one;
  });
  const host = isUrl ? (/^(?:\w+:\/\/)?[^/?#]*/.exec(braced)?.[0] ?? '') : '';
  // `%VAR%`: longer than a percent-encoded byte.
  const percents = host.match(/%[A-Za-z_]\w{2,}%/g) ?? [];
  // A variable as the default of a variable: neither mcp-auth nor pflow supports it.
  const nested = braced.match(/\$\{\w+:-[^{}]*\$\{[^{}]*\}/g) ?? [];
  const withBraces = bare || /\$[A-Za-z_]/.test(host) ? braced.replace(withoutBraces, '$${$1}') : braced;
  return { text: withBraces, appVariables: [...appVariables, ...percents, ...nested] };
}

function translateVariable(one: string): string | undefined {
  const inner = /^\$?\{([^{}]*)\}$/.exec(one)?.[1]?.trim();
  const [, prefix, name = '', defaultValue] = /^(env[:.])?(\w+)(:-.*)?$/is.exec(inner ?? '') ?? [];
  const isVariable = name !== '' && (prefix !== undefined || (one.startsWith('$') && !predefined.has(name)));
  return isVariable ? `\${${name}${defaultValue ?? ''}}` : undefined;
}

/** Where the value of such a part comes from, as the end of a sentence. */
export function explainAppVariable(appVariables: string): string {
  if (/^\$\{input:/i.test(appVariables)) return 'which the app asks you for';
  if (/^\{file:|^\$\{file:/i.test(appVariables)) return 'which the app reads from a file';
  if (/^\$\{(command|cmd):/i.test(appVariables)) return 'which the app gets from a command';
  if (appVariables.startsWith('%')) return 'which is not a variable in any app';
  return 'which only the app can resolve';
}
