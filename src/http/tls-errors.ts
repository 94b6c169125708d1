/** Why no TLS connection came about, by the codes that Node and OpenSSL give. */
import { quote } from '../text/server-text.js';

export interface FailureText {
  /** The end of a sentence that begins with “could not be reached:”. */
  readonly sentence: string;
  readonly hint?: string;
}

interface TlsFailure {
  readonly codes: RegExp;
  readonly sentence: string | ((error: unknown) => string);
  readonly hint: string;
}

const clockHint = 'See whether the clock of this machine is right. If it is, those who run the server have to renew its certificate.';
const trustHint = 'Behind a company proxy, set NODE_EXTRA_CA_CERTS to the file with its certificate.';
const clientHint = 'Log in with the certificate that the server has given you: --client-cert FILE --client-key FILE.';
const serverHint = 'Node offers TLS 1.2 and 1.3 with ciphers of today: those who run the server, or a proxy before it, have to update it.';

/** The first whose codes match tells. Alerts are what the other side says of us; OpenSSL has two spellings of most. */
const failures: readonly TlsFailure[] = [
  // Of ours: these come before the certificates of servers, whose codes are alike.
  { codes: /ALERT_CERTIFICATE_REQUIRED$|PEER_DID_NOT_RETURN_A_CERTIFICATE$/, sentence: 'it wants a client certificate', hint: clientHint },
  {
    codes:
      /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|UNKNOWN_CA|ACCESS_DENIED|NO_CERTIFICATE)$/,
    sentence: 'it wants a client certificate that it accepts',
    hint: clientHint,
  },
  {
    // OpenSSL says so to a client without a certificate in TLS 1.2, and in every version where no cipher is shared.
    codes: /ALERT_HANDSHAKE_FAILURE$/,
    sentence: 'it ended the TLS handshake, as servers do that want a client certificate, or that share no TLS cipher with this machine',
    hint: `If it wants a client certificate: --client-cert FILE --client-key FILE. ${serverHint}`,
  },
  {
    codes: /ALTNAME_INVALID|HOSTNAME_MISMATCH|IP_ADDRESS_MISMATCH/,
    sentence: (error) => `its certificate is for other names: ${quote(namesIn(error))}`,
    hint: 'See whether the address is right: another server, or a network that wants a sign-in first, answers there.',
  },
  { codes: /^CERT_HAS_EXPIRED$/, sentence: 'certificate expired', hint: clockHint },
  { codes: /^CERT_NOT_YET_VALID$/, sentence: 'certificate not valid yet', hint: clockHint },
  { codes: /^CERT_REVOKED$/, sentence: 'certificate revoked', hint: 'Those who run the server have to renew its certificate.' },
  {
    codes: /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    sentence: 'self-signed certificate',
    hint: 'If it is the server’s own, set NODE_EXTRA_CA_CERTS to a file with it.',
  },
  { codes: /^SELF_SIGNED_CERT_IN_CHAIN$/, sentence: 'self-signed certificate in its chain, which is not trusted', hint: trustHint },
  {
    codes:
      /PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$|WRONG_SSL_VERSION$|UNSUPPORTED_SSL_VERSION$|VERSION_TOO_(LOW|HIGH)$|NO_PROTOCOLS_AVAILABLE$/,
    sentence: 'it has no TLS version in common with this machine',
    hint: serverHint,
  },
  {
    codes: /NO_SHARED_CIPHER$|NO_CIPHERS_AVAILABLE$|(WRONG|UNKNOWN)_CIPHER_RETURNED$|NO_SUITABLE_\w+$/,
    sentence: 'it has no TLS cipher in common with this machine',
    hint: serverHint,
  },
  {
    codes: /INSUFFICIENT_SECURITY$|KEY_TOO_SMALL$|MD_TOO_WEAK$|UNSAFE_LEGACY_RENEGOTIATION_DISABLED$|WRONG_SIGNATURE_TYPE$/,
    sentence: 'its TLS is too weak for this machine, or ours for it',
    hint: serverHint,
  },
  { codes: /UNRECOGNIZED_NAME$/, sentence: 'it serves no host of that name over TLS', hint: 'See whether the address is right.' },
  {
    codes: /WRONG_VERSION_NUMBER$|PACKET_LENGTH_TOO_LONG$|HTTP_REQUEST$|HTTPS_PROXY_REQUEST$/,
    sentence: 'it does not speak TLS, which https needs',
    hint: 'See whether the port is right, and whether something on the way answers in its place.',
  },
  {
    codes: /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|INVALID_CA|INVALID_PURPOSE/,
    sentence: 'its certificate is not trusted',
    hint: trustHint,
  },
  { codes: /^ERR_SSL|^EPROTO$/, sentence: 'the TLS connection failed', hint: 'See whether the address is right, and what answers there.' },
];

/** What went wrong, with the code by which it can be looked up; undefined where it was not TLS. */
export function describeTlsFailure(code: string, error: unknown): FailureText | undefined {
  const found = failures.find(({ codes }) => codes.test(code));
  if (found === undefined) return undefined;
  const sentence = typeof found.sentence === 'string' ? found.sentence : found.sentence(error);
  return { sentence: `${sentence} (${code})`, hint: found.hint };
}

/**
 * OpenSSL's reason as a code, of an error that names it in its message alone, as one of a write is; undefined for all others.
 * It is made of letters only, so that nothing else of a message is told.
 */
export function findTlsReason({ code, message }: { readonly code?: unknown; readonly message?: unknown }): string | undefined {
  if (code !== 'EPROTO' || typeof message !== 'string') return undefined;
  const [, reason] = /:SSL routines:[^:]*:([a-z\d /]{1,80}):/i.exec(message) ?? [];
  return reason && `ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`;
}

/** The names in the certificate that an error has with it. They are the server's words. */
function namesIn(error: unknown): string {
  const { cert } = error as { cert?: { subjectaltname?: unknown; subject?: { CN?: unknown } } };
  const names = [cert?.subjectaltname, cert?.subject?.CN].find((one) => typeof one === 'string' && one !== '');
  return typeof names === 'string' ? names.replace(/\b(DNS|IP Address|URI|email):/g, '') : 'none';
}
