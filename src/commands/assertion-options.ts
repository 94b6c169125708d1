import path from 'node:path';
import type { Context } from '../context.js';
import type { FlowCredentials } from '../flows/flow.js';
import { parseIssuer } from './authorization-server-options.js';
import { readVariable } from './client-options.js';
import type { CommandOption } from './command.js';

/** The options of `login` that flows without a person take. */
export interface ProofWords {
  workloadTokenFile?: string;
  idTokenFile?: string;
  idTokenStdin?: boolean;
  identityProvider?: string;
  identityProviderClientId?: string;
}

const options: readonly CommandOption[] = [
  { flags: '--workload-token-file <file>', help: 'workload: the token that the platform gives this workload', parse: absolute },
  { flags: '--id-token-file <file>', help: 'enterprise: the token that the identity provider gave for you', parse: absolute },
  { flags: '--id-token-stdin', help: 'enterprise: read that token as a line of stdin' },
  { flags: '--identity-provider <url>', help: 'enterprise: who gave it, where it does not say so itself', parse: parseIssuer },
  {
    flags: '--identity-provider-client-id <id>',
    help: 'enterprise: our client there; its secret, if any, in MCP_AUTH_IDP_CLIENT_SECRET',
  },
];

export const assertionOptions: readonly CommandOption[] = options.map((option) => ({ ...option, group: 'Logins without a person:' }));

/** What was typed, with secrets from the environment and stdin only. */
export async function readAssertionOptions(
  words: ProofWords,
  { env, ui, signal }: Pick<Context, 'env' | 'ui' | 'signal'>,
): Promise<FlowCredentials> {
  const idToken = words.idTokenStdin ? ((await ui.ask({ message: 'ID token:', secret: true, signal })) ?? '') : undefined;
  const clientId = words.identityProviderClientId;
  const secret = readVariable(env, 'MCP_AUTH_IDP_CLIENT_SECRET');
  return {
    workloadTokenFile: words.workloadTokenFile,
    idTokenFile: words.idTokenFile,
    idToken,
    identityProvider: words.identityProvider,
    ...(clientId !== undefined && { identityProviderClient: { client_id: clientId, ...(secret && { client_secret: secret }) } }),
  };
}

function absolute(file: string): string {
  return path.resolve(file);
}
