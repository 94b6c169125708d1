/** The `WWW-Authenticate` header: RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1. */

/** What a server's challenge for a token asks for. */
export interface Challenge {
  /** RFC 9449 section 7.1: nothing but a token that is bound to a key will do. */
  readonly dpop: boolean;
  /** RFC 9728: where the protected-resource metadata is. */
  readonly resourceMetadata?: string;
  /** The scopes that the request needs, authoritative for it. */
  readonly scope?: string;
  /** RFC 6750 section 3.1, as `invalid_token` or `insufficient_scope`. */
  readonly error?: string;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** One auth-param: name = token | quoted-string. */
const parameter = new RegExp(`^\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*`);
/** A scheme, which a space, a comma or the end follows. */
const scheme = new RegExp(`^\\s*(${token})(?=[\\s,]|$)\\s*`);
/** A token68, as after Basic or Negotiate. */
const token68 = /^[A-Za-z0-9\-._~+/]+=*\s*(?=,|$)/;

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
    dpop: scheme === 'dpop',
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

function parseChallenges(header: string): RawChallenge[] {
  const challenges: RawChallenge[] = [];
  let rest = header;
  while (rest !== '') {
    const current = challenges.at(-1);
    const pair = current && parameter.exec(rest);
    const name = pair ? null : scheme.exec(rest);
    if (pair) {
      const [, key = '', quotedValue, plainValue] = pair;
      const known = key.toLowerCase();
      if (!current.parameters.has(known)) current.parameters.set(known, quotedValue?.replace(/\\(.)/g, '$1') ?? plainValue ?? '');
    } else if (name) {
      challenges.push({ scheme: (name[1] ?? '').toLowerCase(), parameters: new Map() });
    }
    const taken = pair?.[0] ?? name?.[0] ?? '';
    rest = rest.slice(taken.length);
    if (name) rest = rest.replace(token68, '');
    // A comma ends a parameter or a challenge; anything else here is malformed and skipped.
    rest = /^\s*,/.test(rest) ? rest.replace(/^[\s,]+/, '') : taken === '' ? rest.slice(1) : rest;
  }
  return challenges;
}
