/** What on this machine decides how a login goes, before any server is asked. */
import { proxyFor } from '../http/proxies.js';
import { isLoopback } from '../http/url-policy.js';
import { version } from '../version.js';
import { failure, fine, warning, type MachineStep, type Step } from './step.js';

export const program: MachineStep = {
  name: 'mcp-auth',
  look: () => fine(`version ${version}, Node ${process.version.slice(1)}, ${process.platform} ${process.arch}`),
};

/** By the names that `http/proxies.ts` reads; a password in one is not shown. */
export const proxy: Step = {
  name: 'Proxy',
  look: (subject, { env }) => {
    if (isLoopback(subject.url)) return undefined;
    const found = proxyFor(subject.url, env);
    return found && fine(`${subject.url.host} is reached through ${found.address.protocol}//${found.address.host}`);
  },
};

export const certificates: MachineStep = {
  name: 'Certificates',
  look: (_, { env }) => {
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
