/**
 * A token request that is refused for one parameter, asked once more without it, or with the one that is missing. Only where
 * that gives no other token: what was granted stands, and a server that does not know `resource` gives the same without it. One
 * that knows it, and refuses this one at the first token, is believed: an MCP server may name whatever authorization server.
 */
import { OAuthError } from './protocol-error.js';
import { doesNotSupportResource, rejectsResource, requiresScope } from './error-response.js';

type Parameters = Readonly<Record<string, string>>;

interface Remedy {
  /** Whether the refusal is about what this changes. */
  helps(error: OAuthError, parameters: Parameters, isFirstToken: boolean): boolean;
  change(parameters: Parameters, granted: { readonly scope: string | undefined }): Parameters;
}

const remedies: readonly Remedy[] = [
  {
    // RFC 8707 section 2.2: without it, the token is for what the authorization request named.
    helps: (error, { resource }, isFirstToken) =>
      resource !== undefined && (isFirstToken ? doesNotSupportResource(error) : rejectsResource(error)),
    change: (parameters) => Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'resource')),
  },
  {
    // RFC 6749 section 6: without it, the scopes are those that were granted; some servers want them named once more.
    helps: (error, { scope }) => scope === undefined && requiresScope(error),
    change: (parameters, { scope }) => ({ ...parameters, ...(scope !== undefined && { scope }) }),
  },
];

/**
 * @param granted what the login has, in case the server wants it named.
 * @param isFirstToken whether there has been none for this resource yet.
 * @param isLastTold whether the last refusal says more than the first: it does not where the first has spent the grant.
 * @throws OAuthError what `send` throws.
 */
export async function retryWithChangedParameters<T>(
  {
    parameters,
    granted,
    isFirstToken,
    isLastTold,
  }: { parameters: Parameters; granted: { readonly scope: string | undefined }; isFirstToken: boolean; isLastTold: boolean },
  send: (parameters: Parameters) => Promise<T>,
): Promise<T> {
  let asked = parameters;
  let first: unknown;
  for (const left = [...remedies]; ;) {
    try {
      return await send(asked);
    } catch (error) {
      first ??= error;
      const remedy = error instanceof OAuthError ? left.find((one) => one.helps(error, asked, isFirstToken)) : undefined;
      const changed = remedy?.change(asked, granted);
      if (remedy === undefined || changed === undefined || Object.keys(changed).length === Object.keys(asked).length) {
        throw isLastTold ? error : first;
      }
      left.splice(left.indexOf(remedy), 1);
      asked = changed;
    }
  }
}
