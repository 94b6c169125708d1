/** A proxy as the environment names it: an address, and what it wants to hear first. */

export interface ProxyAddress {
  /** Without the credentials, so that it can be shown. */
  readonly address: URL;
  readonly credentials: ProxyCredentials | undefined;
}

/** As they are meant, with nothing escaped any more. */
export interface ProxyCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]`, with http where no scheme is written; undefined for what is none. The last @
 * ends the credentials, so that a password may be written as it is, with any character. Where it is percent-encoded, it is
 * decoded; a percent sign that begins no escape is itself.
 */
export function parseProxyAddress(text: string): ProxyAddress | undefined {
  const [, scheme = 'http:', rest = ''] = /^(?:([a-z][a-z\d+.-]*:)\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  const at = rest.lastIndexOf('@');
  const place = `${scheme}//${rest.slice(at + 1)}`;
  const address = URL.canParse(place) ? new URL(place) : undefined;
  if (!address?.hostname) return undefined;
  const [user = '', ...password] = rest.slice(0, Math.max(at, 0)).split(':');
  const credentials = { user: unescaped(user), password: unescaped(password.join(':')) };
  return { address, credentials: credentials.user === '' && credentials.password === '' ? undefined : credentials };
}

/** Each run of escapes by itself: what follows a lone percent sign does not keep the others from being decoded. */
function unescaped(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      // No UTF-8: then it was not meant as escapes.
      return run;
    }
  });
}
