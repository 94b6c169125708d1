/** The MCP server, as it responds without a token. */
import { quote } from '../text/server-text.js';
import { createNotProtectedError, requestProbe } from '../oauth/probe.js';
import { requestProtectedResource } from '../oauth/protected-resource.js';
import { fine, warning, type Check, type CheckedServer } from './check.js';

/** Clock difference, in seconds, that does not matter. */
const maxClockDifference = 60;

export const reachable: Check = {
  name: 'MCP server',
  source: 'RFC 9110',
  run: async (subject, context) => {
    const before = performance.now();
    subject.probe = await requestProbe(subject.url, context);
    const { host } = subject.url;
    const elapsed = Math.round(performance.now() - before);
    return fine(
      `${host} responded in ${elapsed} ms (status ${subject.probe.status}, ${networkNames[context.http.networkOf(subject.url)]})`,
    );
  },
};

const networkNames = { public: 'public address', private: 'private network', loopback: 'this machine' };

/** A clock that is wrong makes fresh tokens look expired, and expired ones fresh. */
export const clock: Check = {
  name: 'Clock',
  source: 'RFC 9110 section 6.6.1',
  run: ({ responses }, context) => {
    const at = Date.parse(responses.at(-1)?.date ?? '');
    if (Number.isNaN(at)) return undefined;
    const ahead = Math.round((context.clock.now() - at) / 1000);
    if (Math.abs(ahead) < maxClockDifference) return fine('agrees with the clock of the server');
    return warning(
      `is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'} the clock of the server: tokens seem to expire ${ahead > 0 ? 'too early' : 'too late'}`,
      'Synchronise the clock over the network, for example: timedatectl set-ntp true',
    );
  },
};

export const challenge: Check = {
  name: 'Challenge',
  source: 'RFC 6750 section 3',
  run: ({ probe, url }) => {
    if (probe === undefined) return undefined;
    if (probe.verdict === 'open' || probe.verdict === 'foreign')
      return warning(`none: ${url.host} responds without a token (status ${probe.status})`);
    if (probe.verdict === 'unclear')
      return warning(`none: status ${probe.status}`, 'A login continues with the metadata at the default URLs.');
    const { resourceMetadata, scope, isDpop } = probe.challenge ?? {};
    if (probe.challenge === undefined) {
      return warning(`status ${probe.status} without WWW-Authenticate`, 'A login continues with the metadata at the default URLs.');
    }
    const parts = [
      resourceMetadata === undefined ? 'no resource_metadata' : `resource_metadata ${quote(resourceMetadata)}`,
      ...(scope === undefined ? [] : [`scope ${quote(scope)}`]),
      ...(isDpop ? ['DPoP'] : []),
    ];
    return fine(`status ${probe.status}, ${parts.join(', ')}`);
  },
};

export const protectedResource: Check = {
  name: 'Protected-resource metadata',
  source: 'RFC 9728',
  run: async (subject, { http, signal }) => {
    const { probe, url, responses, settings } = subject;
    if (probe === undefined) return undefined;
    const limitedHttp = http.withAllowedNetwork(http.networkOf(url));
    const found = await requestProtectedResource(
      { serverUrl: url, challenged: probe.challenge?.resourceMetadata, trusted: settings.trustedResource },
      { http: limitedHttp, signal },
    );
    if (found === undefined && (probe.verdict === 'open' || probe.verdict === 'foreign')) throw createNotProtectedError(url, probe);
    subject.protectedResource = found ?? null;
    if (found === undefined) return warning(`not found: using ${url.origin} as the authorization server (MCP 2025-03-26)`);
    const named = found.authorization_servers.slice(0, 5).map(quote).join(', ');
    if (named === '')
      return warning(`${findDocumentUrl(responses)} names no authorization server`, 'A login tries the origin of the server.');
    return fine(`${findDocumentUrl(responses)} names ${named}; the resource is ${quote(found.resource)}`);
  },
};

/** The URL of the last document that was found. */
export function findDocumentUrl(responses: CheckedServer['responses']): string {
  return responses.findLast(({ status }) => status === 200)?.url.href ?? 'it';
}
