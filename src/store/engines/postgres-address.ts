/** What the URL of a store in PostgreSQL says: where the server is, who connects, and how the connection is encrypted. */
import type { ConnectionOptions } from 'node:tls';
import { AuthError } from '../../errors.js';
import { readCertificates } from './certificates.js';
import { decodePart, findHost, formatPlace, isThisMachine, type EngineServer } from './failure.js';

export interface PostgresAddress extends EngineServer {
  /** A name, an address without brackets, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly encryption: Encryption;
  /** The file with the CA certificates; undefined for those that Node trusts. */
  readonly certificateFile: string | undefined;
  /** Whether another machine could read what is sent. */
  readonly isReadable: boolean;
}

const encryptions = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
type Encryption = (typeof encryptions)[number];

export const addressParameters = ['host', 'user', 'sslmode', 'sslrootcert'] as const;

/**
 * Parses the URL.
 *
 * `sslmode` is that of libpq. Its default is `verify-full`: TLS, and a certificate for this host from a CA that is trusted. For a
 * Unix socket and for a loopback address it is `disable`. All weaker modes must be named: `disable` sends the password and the logins
 * readable to the network, `require` accepts every certificate, as in libpq, unless `sslrootcert` names a CA. The modes `allow` and
 * `prefer` are refused: an attacker in the network would choose whether to encrypt. `pg` reads the same parameters in another way, so
 * that it never sees the URL.
 *
 * @throws AuthError `usage`.
 */
export function parsePostgresUrl(url: URL): PostgresAddress {
  const parameter = (name: (typeof addressParameters)[number]) => url.searchParams.get(name) ?? undefined;
  const host = parameter('host') ?? findHost(url) ?? 'localhost';
  const port = url.port === '' ? 5432 : Number(url.port);
  const isSocket = host.startsWith('/');
  const isLocal = isSocket || isThisMachine(host);
  const certificateFile = parameter('sslrootcert');
  const encryption = parseEncryption(parameter('sslmode') ?? (isLocal ? 'disable' : 'verify-full'), certificateFile);
  return {
    name: 'PostgreSQL',
    place: isSocket ? host : formatPlace(host, port),
    host,
    port,
    user: parameter('user') ?? decodePart(url.username),
    password: decodePart(url.password),
    database: decodePart(url.pathname.replace(/^\//, '')),
    encryption,
    certificateFile,
    isReadable: !isLocal && encryption === 'disable',
  };
}

function parseEncryption(mode: string, certificateFile: string | undefined): Encryption {
  const found = encryptions.find((one) => one === mode);
  if (found === undefined) {
    throw new AuthError('usage', `The URL of the store has sslmode=${JSON.stringify(mode)}, which is unsupported.`, {
      hint: 'Use verify-full, verify-ca, require or disable.',
    });
  }
  // As in libpq, a CA that is named is used.
  if (found === 'require' && certificateFile !== undefined) return 'verify-ca';
  if (found !== 'verify-ca' || certificateFile !== undefined) return found;
  throw new AuthError('usage', 'The URL of the store has sslmode=verify-ca without a CA.', { hint: 'Add sslrootcert=FILE.' });
}

/**
 * The settings of TLS; false for a connection without.
 *
 * @throws AuthError `file_unreadable` for the file with the CA certificates.
 */
export async function readTlsOptions({ encryption, certificateFile }: PostgresAddress): Promise<ConnectionOptions | false> {
  if (encryption === 'disable') return false;
  if (encryption === 'require') return { rejectUnauthorized: false };
  const ca = certificateFile === undefined ? {} : { ca: await readCertificates(certificateFile) };
  return encryption === 'verify-ca' ? { ...ca, checkServerIdentity: () => undefined } : ca;
}
