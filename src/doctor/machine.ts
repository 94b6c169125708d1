/** What on this machine decides how a login goes, before any server is asked. */
import { findProxy } from '../http/proxies.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import { version } from '../version.js';
import { failure, fine, warning, type MachineCheck, type Check } from './check.js';

export const program: MachineCheck = {
  name: 'mcp-auth',
  run: () => fine(`version ${version}, Node ${process.version.slice(1)}, ${process.platform} ${process.arch}`),
};

/** By the names that `http/proxies.ts` reads; a password in one is not shown. */
export const proxy: Check = {
  name: 'Proxy',
  run: (subject, { env }) => {
    if (isLoopbackUrl(subject.url)) return undefined;
    const found = findProxy(subject.url, env);
    return found && fine(`${subject.url.host} is reached through ${found.address.protocol}//${found.address.host}`);
  },
};

export const certificates: MachineCheck = {
  name: 'Certificates',
  run: (_, { env }) => {
    const { NODE_EXTRA_CA_CERTS: extra, NODE_TLS_REJECT_UNAUTHORIZED: checked } = env.variables;
    if (checked === '0') {
      return failure('NODE_TLS_REJECT_UNAUTHORIZED=0: whoever is on the way can read and take every login', {
        hint: 'Unset it. For a company proxy, set NODE_EXTRA_CA_CERTS to the file with its certificate.',
      });
    }
    if (!extra) return undefined;
    if (env.exists(extra)) return fine(`those of ${extra} are trusted besides (NODE_EXTRA_CA_CERTS)`);
    return warning(`NODE_EXTRA_CA_CERTS names ${extra}, which is not there`, 'Correct it, or unset it.');
  },
};
