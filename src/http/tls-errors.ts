/** TLS failures, by the codes of Node and OpenSSL. */
import { quote } from '../text/server-text.js';

export interface FailureText {
  /** The end of a sentence that begins with “HOST could not be reached:”. */
  readonly sentence: string;
  readonly hint?: string;
}

interface TlsFailure {
  readonly codes: RegExp;
  readonly sentence: string | ((error: unknown) => string);
  readonly hint: string;
}

const clockHint = 'Check the clock of this machine. If it is right, the operator of the server has to renew the certificate.';
const trustHint = 'Behind a company proxy, set NODE_EXTRA_CA_CERTS to the file with its CA certificate.';
const clientHint = 'Log in with a certificate that this server accepts: --client-cert FILE --client-key FILE.';
const serverHint =
  'Node supports TLS 1.2 and 1.3 with modern ciphers: the operator of the server, or of a proxy before it, has to update it.';

/** The first entry that matches is used. Alerts are sent by the server; OpenSSL has two spellings for most of them. */
const failures: readonly TlsFailure[] = [
  // Client certificates come first, because the codes for server certificates are similar.
  {
    codes: /ALERT_CERTIFICATE_REQUIRED$|PEER_DID_NOT_RETURN_A_CERTIFICATE$/,
    sentence: 'it requires a client certificate',
    hint: clientHint,
  },
  {
    codes:
      /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|UNKNOWN_CA|ACCESS_DENIED|NO_CERTIFICATE)$/,
    sentence: 'it requires a client certificate that it accepts',
    hint: clientHint,
  },
  {
    // OpenSSL sends this to a client without a certificate in TLS 1.2, and in every version if no cipher is shared.
    codes: /ALERT_HANDSHAKE_FAILURE$/,
    sentence: 'TLS handshake failure: it requires a client certificate, or has no TLS cipher in common with this machine',
    hint: `If it requires a client certificate: --client-cert FILE --client-key FILE. ${serverHint}`,
  },
  {
    codes: /ALTNAME_INVALID|HOSTNAME_MISMATCH|IP_ADDRESS_MISMATCH/,
    sentence: (error) => `its certificate is for other host names: ${quote(findCertificateNames(error))}`,
    hint: 'Check the URL. Another server, or a network with a sign-in page, may be responding there.',
  },
  { codes: /^CERT_HAS_EXPIRED$/, sentence: 'certificate expired', hint: clockHint },
  { codes: /^CERT_NOT_YET_VALID$/, sentence: 'certificate not valid yet', hint: clockHint },
  { codes: /^CERT_REVOKED$/, sentence: 'certificate revoked', hint: 'The operator of the server has to renew the certificate.' },
  {
    codes: /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    sentence: 'self-signed certificate',
    hint: 'If you trust it, set NODE_EXTRA_CA_CERTS to a file with that certificate.',
  },
  { codes: /^SELF_SIGNED_CERT_IN_CHAIN$/, sentence: 'self-signed certificate in the certificate chain', hint: trustHint },
  {
    codes:
      /PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$|WRONG_SSL_VERSION$|UNSUPPORTED_SSL_VERSION$|VERSION_TOO_(LOW|HIGH)$|NO_PROTOCOLS_AVAILABLE$/,
    sentence: 'no TLS version in common with this machine',
    hint: serverHint,
  },
  {
    codes: /NO_SHARED_CIPHER$|NO_CIPHERS_AVAILABLE$|(WRONG|UNKNOWN)_CIPHER_RETURNED$|NO_SUITABLE_/,
    sentence: 'no TLS cipher in common with this machine',
    hint: serverHint,
  },
  {
    codes: /INSUFFICIENT_SECURITY$|KEY_TOO_SMALL$|MD_TOO_WEAK$|UNSAFE_LEGACY_RENEGOTIATION_DISABLED$|WRONG_SIGNATURE_TYPE$/,
    sentence: 'the TLS keys or ciphers of one side are too weak for the other',
    hint: serverHint,
  },
  { codes: /UNRECOGNIZED_NAME$/, sentence: 'it does not serve that host name over TLS', hint: 'Check the URL.' },
  {
    codes: /WRONG_VERSION_NUMBER$|PACKET_LENGTH_TOO_LONG$|HTTP_REQUEST$|HTTPS_PROXY_REQUEST$/,
    sentence: 'it does not speak TLS, which https requires',
    hint: 'Check the port, and whether a proxy or firewall responds instead of the server.',
  },
  {
    codes: /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|INVALID_CA|INVALID_PURPOSE/,
    sentence: 'its certificate is not trusted',
    hint: trustHint,
  },
  { codes: /^ERR_SSL|^EPROTO$/, sentence: 'TLS connection failed', hint: 'Check the URL, and which server responds there.' },
];

/** Describes a TLS failure, with its code for a search; undefined if it is not one. */
export function describeTlsFailure(code: string, error: unknown): FailureText | undefined {
  const found = failures.find(({ codes }) => codes.test(code));
  if (found === undefined) return undefined;
  const sentence = typeof found.sentence === 'string' ? found.sentence : found.sentence(error);
  return { sentence: `${sentence} (${code})`, hint: found.hint };
}

/**
 * OpenSSL's reason as a code, for an error that has it only in its message, as errors of a write do; undefined for all others.
 * Only letters, digits, spaces and slashes are accepted, so that nothing else of a message is printed.
 */
export function findTlsReason({ code, message }: { readonly code?: unknown; readonly message?: unknown }): string | undefined {
  if (code !== 'EPROTO' || typeof message !== 'string') return undefined;
  const [, reason] = /:SSL routines:[^:]*:([a-z\d /]{1,80}):/i.exec(message) ?? [];
  return reason && `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

/** The names in the certificate of an error. The server chose them, so they are not trusted. */
function findCertificateNames(error: unknown): string {
  const { cert } = error as { cert?: { subjectaltname?: unknown; subject?: { CN?: unknown } } };
  const names = [cert?.subjectaltname, cert?.subject?.CN].find((one) => typeof one === 'string' && one !== '');
  return typeof names === 'string' ? names.replace(/\b(DNS|IP Address|URI|email):/g, '') : 'none';
}
