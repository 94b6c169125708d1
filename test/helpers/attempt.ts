import type { AuthorizationAttempt } from '../../src/oauth/authorization-code.js';

/** An authorization request that the user has been sent to, and whose response can be pasted. */
export function attemptWith({ state, codeVerifier }: { state: string; codeVerifier: string }): AuthorizationAttempt {
  return {
    request: {
      metadata: { issuer: 'https://as.example', authorization_endpoint: 'https://as.example/authorize' },
      client: { client_id: 'c' },
      redirectUri: 'http://127.0.0.1:3000/callback',
      resource: 'https://mcp.example/mcp',
    },
    url: `https://as.example/authorize?state=${state}`,
    state,
    codeVerifier,
  };
}
