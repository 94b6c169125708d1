import { jwtBearerGrant, requestTokenByAssertion } from '../oauth/jwt-bearer.js';
import { checkAudience, checkJwt } from '../oauth/jwt.js';
import type { Flow } from './flow.js';

/** Workload identity federation: MCP SEP-1933. The platform issues a JWT that says which workload this is. */
export const workload: Flow = {
  name: 'workload',
  summary: 'Log in with the token that the platform issues to this workload, as in a Kubernetes pod',
  grantType: jwtBearerGrant,
  client: 'registered',
  unattended: true,
  credentialsNameIssuer: true,
  canRunAgain: ({ workloadTokenFile }) => workloadTokenFile !== undefined,
  unavailable: ({ credentials: { workloadTokenFile } }) =>
    workloadTokenFile === undefined ? 'it needs --workload-token-file FILE' : undefined,
  run: async (request, effects) => {
    const { workloadTokenFile = '', isIssuerKnown } = request.credentials;
    const what = 'The workload’s token';
    const assertion = checkJwt(await effects.files.readText(workloadTokenFile, what), what);
    if (!isIssuerKnown) checkAudience(assertion, request.metadata);
    return { tokens: await requestTokenByAssertion({ ...request, assertion }, effects) };
  },
};
