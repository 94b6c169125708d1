/** The `WWW-Authenticate` header: RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1. */

/** A server's challenge for a token. */
export interface Challenge {
  /** RFC 9449 section 7.1: whether the server accepts only DPoP-bound tokens. */
  readonly isDpop: boolean;
  /** RFC 9728: the URL of the protected-resource metadata. */
  readonly resourceMetadata?: string;
  /** The scopes that the request needs. They take precedence over the metadata. */
  readonly scope?: string;
  /** RFC 6750 section 3.1, for example `invalid_token` or `insufficient_scope`. */
  readonly error?: string;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/**
 * One auth-param at the current position: name = token | quote-string. Some servers use single quotes, or a URL without
 * quotes. A value whose quote never ends is not read: half a value could be followed.
 */
const parameter = new RegExp(`(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'([^']*)'|([^\\s,;"']+))`, 'y');
/** A scheme, or a word of an unquoted value: followed by a space, a comma or the end. */
const word = new RegExp(`(${token})(?=[\\s,;]|$)`, 'y');
const tokenRun = new RegExp(token, 'y');
/** A token68, as after Basic or Negotiate. */
const token68 = /\s+[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;
/** Separators between challenges and between their parameters. */
const separators = /[\s,;]*/y;
/** Schemes that are recognised even if no comma precedes them: those of the IANA registry that MCP servers use. */
const knownSchemes = new Set(['bearer', 'dpop', 'basic', 'digest', 'negotiate', 'ntlm']);

/**
 * Parse the Bearer challenge of a header that may contain several schemes; without one, the DPoP challenge. Undefined if there
 * is neither. Lenient: unreadable parts are skipped, because a malformed hint must not hide the rest.
 */
export function parseChallenge(header: string | null): Challenge | undefined {
  const all = parseChallenges(header ?? '').filter(({ scheme }) => scheme === 'bearer' || scheme === 'dpop');
  const bearers = all.filter(({ scheme }) => scheme === 'bearer');
  // Of several, use the most informative: gateways put an empty challenge of their own in front.
  const best = bearers.find(({ parameters }) => parameters.has('resource_metadata')) ?? bearers.find(hasScope) ?? bearers[0] ?? all[0];
  if (best === undefined) return undefined;
  const { scheme, parameters } = best;
  return {
    isDpop: scheme === 'dpop',
    resourceMetadata: parameters.get('resource_metadata'),
    scope: parameters.get('scope'),
    error: parameters.get('error'),
  };
}

/** One challenge. The scheme and the parameter names are in lower case. */
interface RawChallenge {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

function hasScope({ parameters }: RawChallenge): boolean {
  return parameters.has('scope');
}

/** Reads the header once from start to end: the server chooses its length. */
function parseChallenges(header: string): RawChallenge[] {
  const reader = new ChallengeReader();
  for (let at = 0; at < header.length;) {
    const gap = matchAt(separators, header, at)?.[0] ?? '';
    at += gap.length;
    const pair = reader.hasChallenge ? matchAt(parameter, header, at) : undefined;
    const name = pair ? undefined : matchAt(word, header, at);
    if (pair) {
      reader.addParameter(pair);
      at += pair[0].length;
    } else if (name) {
      const isScheme = reader.addWord(name[0], gap);
      at += name[0].length;
      if (isScheme) at += matchAt(token68, header, at)?.[0].length ?? 0;
    } else {
      // Malformed: skip the whole run, or one character.
      at += matchAt(tokenRun, header, at)?.[0].length ?? 1;
    }
  }
  return reader.challenges;
}

/** Collects challenges from parameters and words, in the order of the header. */
class ChallengeReader {
  readonly challenges: RawChallenge[] = [];
  /** The name of the last parameter if it had no quotes, so that the next words belong to its value. */
  #unquoted: string | undefined;

  get hasChallenge(): boolean {
    return this.challenges.length > 0;
  }

  /** Of a parameter that occurs twice, the first is used. */
  addParameter([, name = '', inDoubleQuotes, inSingleQuotes, bare]: RegExpExecArray): void {
    const parameters = this.challenges.at(-1)?.parameters;
    const key = name.toLowerCase();
    if (!parameters?.has(key)) parameters?.set(key, inDoubleQuotes?.replace(/\\(.)/g, '$1') ?? inSingleQuotes ?? bare ?? '');
    this.#unquoted = bare === undefined ? undefined : key;
  }

  /** @returns whether the word is a scheme, which starts a new challenge. */
  addWord(text: string, gap: string): boolean {
    const scheme = text.toLowerCase();
    const parameters = this.challenges.at(-1)?.parameters;
    if (parameters === undefined || gap.includes(',') || knownSchemes.has(scheme)) {
      this.challenges.push({ scheme, parameters: new Map() });
      this.#unquoted = undefined;
      return true;
    }
    if (this.#unquoted !== undefined) parameters.set(this.#unquoted, `${parameters.get(this.#unquoted) ?? ''} ${text}`);
    return false;
  }
}

/** The match of a sticky expression at exactly this position. */
function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}
