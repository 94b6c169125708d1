import path from 'node:path';
import type { Context } from '../context.js';
import type { Proof } from '../flows/flow.js';
import { parseSafeUrl } from '../http/url-policy.js';
import type { Option } from './command.js';

/** The options of `login` that flows without a person take. */
export interface ProofWords {
  workloadTokenFile?: string;
  idTokenFile?: string;
  idTokenStdin?: boolean;
  identityProvider?: string;
  identityProviderClientId?: string;
}

export const proofOptions: readonly Option[] = [
  { flags: '--workload-token-file <file>', help: '--flow workload: the token that the platform gives this workload', parse: absolute },
  { flags: '--id-token-file <file>', help: '--flow enterprise: the token that the identity provider gave for you', parse: absolute },
  { flags: '--id-token-stdin', help: '--flow enterprise: read that token as a line of stdin' },
  { flags: '--identity-provider <url>', help: '--flow enterprise: who gave it, where it does not say so itself', parse: parseIssuer },
  {
    flags: '--identity-provider-client-id <id>',
    help: '--flow enterprise: our client there; its secret, if any, in MCP_AUTH_IDP_CLIENT_SECRET',
  },
];

/** What was typed, with secrets from the environment and stdin only. */
export async function readProofOptions(words: ProofWords, { env, ui, signal }: Pick<Context, 'env' | 'ui' | 'signal'>): Promise<Proof> {
  const idToken = words.idTokenStdin ? ((await ui.ask({ message: 'ID token:', secret: true, signal })) ?? '') : undefined;
  const clientId = words.identityProviderClientId;
  const secret = env.variables['MCP_AUTH_IDP_CLIENT_SECRET'];
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

/** To the letter, since issuers are compared as strings (RFC 8414 section 3.3). */
export function parseIssuer(text: string): string {
  parseSafeUrl(text, { what: 'The issuer', code: 'usage' });
  return text;
}
