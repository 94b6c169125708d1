/** What on this machine affects a login, before any request to a server. */
import { findProxy } from '../http/proxies.js';
import { isLoopbackUrl } from '../http/url-policy.js';
import { version } from '../version.js';
import { failure, fine, warning, type MachineCheck, type Check } from './check.js';

export const program: MachineCheck = {
  name: 'mcp-auth',
  run: () => fine(`version ${version}, Node ${process.version.slice(1)}, ${process.platform} ${process.arch}`),
};

/** The proxy from the variables that `http/proxies.ts` reads. Its password is not shown. */
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
      return failure('NODE_TLS_REJECT_UNAUTHORIZED=0: certificates are not checked, so an attacker in the network can steal every login', {
        hint: 'Unset it. For a company proxy, set NODE_EXTRA_CA_CERTS to the file with its certificate.',
      });
    }
    if (!extra) return undefined;
    if (env.exists(extra)) return fine(`${extra} is trusted in addition (NODE_EXTRA_CA_CERTS)`);
    return warning(`NODE_EXTRA_CA_CERTS: file not found: ${extra}`, 'Correct the path, or unset the variable.');
  },
};
