/** What the URL of a store in Redis says: where the server is, who connects, and how the connection is encrypted. */
import { AuthError } from '../../errors.js';
import { decodePart, findHost, formatPlace, isThisMachine, type EngineServer } from './failure.js';

export interface RedisAddress extends EngineServer {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** Its number; undefined for the first. */
  readonly database: number | undefined;
  readonly isEncrypted: boolean;
  /** The file with the CA certificates; undefined for those that Node trusts. */
  readonly certificateFile: string | undefined;
  /** Whether another machine could read what is sent. */
  readonly isReadable: boolean;
}

export const redisProtocols = ['redis:', 'rediss:', 'valkey:', 'valkeys:'] as const;
export const redisParameters = ['cafile', 'plaintext'] as const;

/**
 * Parses the URL. With `rediss:` the connection has TLS, and the server a certificate for this host from a CA that is trusted. Without,
 * the password and the logins are readable in the network: this is refused unless the host is this machine, or `plaintext=allow` is
 * given.
 *
 * @throws AuthError `usage`.
 */
export function parseRedisUrl(url: URL): RedisAddress {
  const host = findHost(url) ?? 'localhost';
  const port = url.port === '' ? 6379 : Number(url.port);
  const isEncrypted = url.protocol === 'rediss:' || url.protocol === 'valkeys:';
  const certificateFile = url.searchParams.get('cafile') ?? undefined;
  const address = {
    ...{ name: 'Redis', place: formatPlace(host, port), host, port, isEncrypted, certificateFile },
    user: decodePart(url.username),
    password: decodePart(url.password),
    database: parseDatabase(url.pathname),
    isReadable: !isEncrypted && !isThisMachine(host),
  };
  if (!isEncrypted && certificateFile !== undefined) {
    throw new AuthError('usage', `The URL of the store has cafile, but ${url.protocol}// has no TLS.`, { hint: 'Use rediss://' });
  }
  const plaintext = url.searchParams.get('plaintext');
  if (plaintext !== null && plaintext !== 'allow') {
    throw new AuthError('usage', `The URL of the store has plaintext=${JSON.stringify(plaintext)}, which is unsupported.`, {
      hint: 'The only value is plaintext=allow.',
    });
  }
  if (address.isReadable && plaintext === null) throw createPlaintextError(address);
  return address;
}

function createPlaintextError({ place }: EngineServer): AuthError {
  return new AuthError('usage', `The connection to Redis at ${place} would not be encrypted: the logins could be read in the network.`, {
    hint: 'Use rediss:// for TLS. If the network between is trusted, add plaintext=allow to the URL of the store. See docs/fleet.md',
  });
}

function parseDatabase(path: string): number | undefined {
  const text = path.replace(/^\//, '');
  if (text === '') return undefined;
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new AuthError('usage', 'The URL of the store names a database of Redis that is not a number.', {
    hint: 'For example: redis://HOST/0?store=NAME',
  });
}
