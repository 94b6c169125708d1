/** The `WWW-Authenticate` header: RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1. */

/** What a server's challenge for a token asks for. */
export interface Challenge {
  /** RFC 9449 section 7.1: nothing but a token that is bound to a key will do. */
  readonly isDpop: boolean;
  /** RFC 9728: where the protected-resource metadata is. */
  readonly resourceMetadata?: string;
  /** The scopes that the request needs, authoritative for it. */
  readonly scope?: string;
  /** RFC 6750 section 3.1, as `invalid_token` or `insufficient_scope`. */
  readonly error?: string;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/**
 * One auth-param, at a place: name = token | quoted-string; and, as servers write it, in single quotes, or as a URL without any.
 * A value with a quote that never ends is none: half of it could be followed.
 */
const parameter = new RegExp(`(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|'([^']*)'|([^\\s,;"']+))`, 'y');
/** A scheme, or a word of a value without quotes, which a space, a comma or the end follows. */
const word = new RegExp(`(${token})(?=[\\s,;]|$)`, 'y');
const run = new RegExp(token, 'y');
/** A token68, as after Basic or Negotiate. */
const token68 = /\s+[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;
/** What stands between challenges and their parameters. */
const between = /[\s,;]*/y;
/** Schemes that are known where no comma is before them: RFC 7235's registry, as far as servers of MCP have it. */
const schemes = new Set(['bearer', 'dpop', 'basic', 'digest', 'negotiate', 'ntlm']);

/**
 * Finds the Bearer challenge in a header that may hold several schemes, or else the DPoP one. Undefined when there is
 * neither. Lenient: what cannot be read is skipped, since a broken hint must not hide the rest.
 */
export function parseChallenge(header: string | null): Challenge | undefined {
  const all = parseChallenges(header ?? '').filter(({ scheme }) => scheme === 'bearer' || scheme === 'dpop');
  const bearers = all.filter(({ scheme }) => scheme === 'bearer');
  // Of several, the one that says most: gateways put a bare one of their own in front.
  const found = bearers.find(({ parameters }) => parameters.has('resource_metadata')) ?? bearers.find(hasScope) ?? bearers[0] ?? all[0];
  if (found === undefined) return undefined;
  const { scheme, parameters } = found;
  return {
    isDpop: scheme === 'dpop',
    resourceMetadata: parameters.get('resource_metadata'),
    scope: parameters.get('scope'),
    error: parameters.get('error'),
  };
}

/** One challenge as it stands: the scheme and the names of its parameters in lower case. */
interface RawChallenge {
  readonly scheme: string;
  readonly parameters: Map<string, string>;
}

function hasScope({ parameters }: RawChallenge): boolean {
  return parameters.has('scope');
}

/** One pass from the beginning to the end: a header may be as long as a server likes. */
function parseChallenges(header: string): RawChallenge[] {
  const challenges: RawChallenge[] = [];
  /** The parameter that was read last, where it had no quotes, so that more words may belong to it. */
  let open: string | undefined;
  for (let at = 0; at < header.length;) {
    const gap = matchAt(between, header, at)?.[0] ?? '';
    at += gap.length;
    const current = challenges.at(-1);
    const pair = current && matchAt(parameter, header, at);
    const name = pair ? undefined : matchAt(word, header, at);
    if (pair) {
      const [, key = '', inQuotes, inSingle, bare] = pair;
      const known = key.toLowerCase();
      if (!current.parameters.has(known)) current.parameters.set(known, inQuotes?.replace(/\\(.)/g, '$1') ?? inSingle ?? bare ?? '');
      open = bare === undefined ? undefined : known;
    } else if (name) {
      const said = name[0].toLowerCase();
      const isScheme = current === undefined || gap.includes(',') || schemes.has(said);
      if (isScheme) challenges.push({ scheme: said, parameters: new Map() });
      else if (open !== undefined) current.parameters.set(open, `${current.parameters.get(open) ?? ''} ${name[0]}`);
      if (isScheme) at += matchAt(token68, header, at + name[0].length)?.[0].length ?? 0;
      if (isScheme) open = undefined;
    }
    // What is neither is malformed, and skipped, a whole run at once.
    at += (pair ?? name ?? matchAt(run, header, at))?.[0].length ?? 1;
  }
  return challenges;
}

/** A match of a sticky expression at that very place. */
function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}
