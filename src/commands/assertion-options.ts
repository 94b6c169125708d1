import path from 'node:path';
import type { Context } from '../context.js';
import type { FlowCredentials } from '../flows/flow.js';
import { readVariable } from '../store/variables.js';
import { parseIssuer } from './authorization-server-options.js';
import { groupOptions } from './command.js';
import type { ParsedOptions } from './parsed-options.js';

/** The options of `login` for unattended flows. */
export const assertionOptions = groupOptions('Unattended logins:', [
  { flags: '--workload-token-file <file>', help: 'workload: token that the platform issued to this workload', parse: absolute },
  { flags: '--id-token-file <file>', help: 'enterprise: ID token that the identity provider issued to you', parse: absolute },
  { flags: '--id-token-stdin', help: 'enterprise: read the ID token from a line of stdin' },
  {
    flags: '--identity-provider <url>',
    help: 'enterprise: issuer of the identity provider, if not named in the ID token',
    parse: parseIssuer,
  },
  {
    flags: '--identity-provider-client-id <id>',
    help: 'enterprise: client at the identity provider; its secret, if any, in MCP_AUTH_IDP_CLIENT_SECRET',
  },
]);

/** Reads the options of unattended flows. Secrets come from the environment or stdin only. */
export async function readAssertionOptions(
  options: ParsedOptions<typeof assertionOptions>,
  { env, ui, signal }: Pick<Context, 'env' | 'ui' | 'signal'>,
): Promise<FlowCredentials> {
  const idToken = options.idTokenStdin ? ((await ui.ask({ message: 'ID token:', secret: true, signal })) ?? '') : undefined;
  const clientId = options.identityProviderClientId;
  const secret = readVariable(env, 'MCP_AUTH_IDP_CLIENT_SECRET');
  return {
    workloadTokenFile: options.workloadTokenFile,
    idTokenFile: options.idTokenFile,
    idToken,
    identityProvider: options.identityProvider,
    ...(clientId !== undefined && { identityProviderClient: { client_id: clientId, ...(secret && { client_secret: secret }) } }),
  };
}

function absolute(file: string): string {
  return path.resolve(file);
}
