import { jwtBearerGrant, requestTokenByAssertion } from '../oauth/jwt-bearer.js';
import { checkAudience, checkJwt } from '../oauth/jwt.js';
import type { Flow } from './flow.js';

/** Workload identity federation: MCP SEP-1933. The platform that this program runs on says who it is. */
export const workload: Flow = {
  name: 'workload',
  summary: 'Log a workload in with the token that its platform gives it, as in a Kubernetes pod',
  grantType: jwtBearerGrant,
  client: 'registered',
  unattended: true,
  credentialsNameIssuer: true,
  canRunAgain: (proof) => proof.workloadTokenFile !== undefined,
  unavailable: ({ credentials: proof }) => (proof.workloadTokenFile === undefined ? 'it needs --workload-token-file FILE' : undefined),
  run: async (request, context) => {
    const what = 'The workload’s token';
    const assertion = checkJwt(await context.files.readText(request.credentials.workloadTokenFile ?? '', what), what);
    if (!request.credentials.isIssuerKnown) checkAudience(assertion, request.metadata);
    return { tokens: await requestTokenByAssertion({ ...request, assertion }, context) };
  },
};
