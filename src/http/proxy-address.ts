/** Parses proxy URLs as they are written in environment variables. */

export interface ProxyAddress {
  /** Without the credentials, so that it can be shown. */
  readonly address: URL;
  readonly credentials: ProxyCredentials | undefined;
}

/** Decoded. */
export interface ProxyCredentials {
  readonly user: string;
  readonly password: string;
}

/**
 * Parses `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]`; undefined if the text has another form. The default scheme is http. The
 * last @ ends the credentials, so a password may contain any character. Percent-encoded characters are decoded; a percent
 * sign that does not begin an escape stays as it is.
 */
export function parseProxyAddress(text: string): ProxyAddress | undefined {
  const [, scheme = 'http:', rest = ''] = /^(?:([a-z][a-z\d+.-]*:)\/\/)?(.*)$/is.exec(text.trim()) ?? [];
  const at = rest.lastIndexOf('@');
  const urlText = `${scheme}//${rest.slice(at + 1)}`;
  const address = URL.canParse(urlText) ? new URL(urlText) : undefined;
  if (!address?.hostname) return undefined;
  const [user = '', ...password] = rest.slice(0, Math.max(at, 0)).split(':');
  const credentials = { user: unescape(user), password: unescape(password.join(':')) };
  return { address, credentials: credentials.user === '' && credentials.password === '' ? undefined : credentials };
}

/** Decodes each run of escapes on its own, so that a lone percent sign does not keep the others from being decoded. */
function unescape(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      // Not UTF-8, so not meant as escapes.
      return run;
    }
  });
}
