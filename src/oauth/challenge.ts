/** The `WWW-Authenticate` header: RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9728 section 5.1. */

/** What a server's Bearer challenge asks for. */
export interface BearerChallenge {
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
 * Finds the Bearer challenge in a header that may hold several schemes. Undefined when there is none.
 * Lenient: what cannot be read is skipped, since a broken hint must not hide the rest.
 */
export function parseBearerChallenge(header: string | null): BearerChallenge | undefined {
  const bearer = parseChallenges(header ?? '').find((challenge) => challenge.scheme === 'bearer');
  if (bearer === undefined) return undefined;
  const { parameters } = bearer;
  return {
    resourceMetadata: parameters.get('resource_metadata'),
    scope: parameters.get('scope'),
    error: parameters.get('error'),
  };
}

function parseChallenges(header: string): { scheme: string; parameters: Map<string, string> }[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
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
