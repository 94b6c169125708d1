/** The authorization server: what it says of itself, and what a login makes of it. */
import { quoteShellWord } from '../text/command-line.js';
import { formatCommand } from '../text/command-line.js';
import { createDiscoveryRequest } from '../login/preparation.js';
import { findDialect } from '../oauth/dialect.js';
import { discover } from '../oauth/discovery.js';
import { findForeignEndpoints, collectOwnAddresses } from '../oauth/endpoints.js';
import { chooseScope } from '../oauth/scope.js';
import { quote } from '../text/server-text.js';
import { readClients } from '../store/clients.js';
import { readHeaders } from '../session/server-access.js';
import { formatSettings } from '../store/settings.js';
import { failure, fine, warning, type Check } from './check.js';
import { findDocumentUrl } from './server.js';

/** Discovery as a login does it. */
export const metadata: Check = {
  name: 'Authorization server metadata',
  source: 'RFC 8414',
  run: async (subject, context) => {
    const { url, settings, login, responses: visits } = subject;
    if (subject.protectedResource === undefined) return undefined;
    // What a login has been allowed to cross once, it crosses again.
    const crossed = login?.network !== undefined && login.network !== context.http.networkOf(url);
    const request = createDiscoveryRequest({ serverUrl: url, settings, login });
    subject.discovery = await discover({ ...request, privateNetworkAllowed: request.privateNetworkAllowed ?? crossed }, context);
    const { isAssumed: assumed, metadata: found } = subject.discovery;
    subject.dialect = findDialect(found.issuer, settings);
    if (!assumed) return fine(`found at ${findDocumentUrl(visits)}`);
    return warning(`${found.issuer} has none: its endpoints are taken to be /authorize, /token and /register, as in MCP 2025-03-26`);
  },
};

/** What is asked in another way than usual, and by whose word. */
export const serverSettings: Check = {
  name: 'What this server needs',
  run: ({ dialect, settings, entry }) => {
    if (dialect === undefined) return undefined;
    const { name, taken } = dialect.vendor ?? { name: '', taken: [] };
    // The values of headers may be secret.
    const words = [...formatSettings(settings), ...Object.keys(readHeaders(entry)).map((header) => `--header ${quoteShellWord(header)}`)];
    const all = [
      ...(words.length > 0 ? [`${words.join(' ')}, as you said at a login`] : []),
      ...(taken.length > 0 ? [`${taken.join(', ')}, as ${name} is known to`] : []),
    ];
    return all.length === 0 ? undefined : fine(all.join('; '));
  },
};

export const issuer: Check = {
  name: 'Issuer',
  source: 'RFC 8414 section 3.3',
  run: ({ discovery, login }) => {
    if (discovery === undefined) return undefined;
    const { metadata: found, issuerAddress } = discovery;
    if (login?.issuer !== undefined && login.issuer !== found.issuer) {
      return warning(`is ${quote(found.issuer)}; the login is from ${quote(login.issuer)}`, 'If that is right, log in again.');
    }
    if (found.issuer === issuerAddress) return fine(`is ${found.issuer}, as it should`);
    return fine(`is ${found.issuer}, found at ${issuerAddress}`);
  },
};

/** Whether its endpoints are its own, which a login asks the person of. */
export const endpoints: Check = {
  name: 'Endpoints',
  source: 'RFC 9700 section 4.4',
  run: ({ discovery, settings, url }) => {
    if (discovery === undefined) return undefined;
    const { metadata: found, issuerAddress } = discovery;
    const { issuer } = found;
    const places = collectOwnAddresses({ issuer, issuerAddress, serverUrl: url.href, trusted: settings.trustedEndpoints });
    const foreign = findForeignEndpoints(found, places);
    if (foreign.length === 0) return fine('all belong to it');
    const hosts = [...new Set(foreign.map(({ host }) => host))];
    return failure(`${foreign.map(({ name, host }) => `its ${name} is at ${host}`).join(', ')}, which is another site`, {
      code: 'endpoint_elsewhere',
      hint: `If you know that they belong together: ${formatCommand`mcp-auth login … --trust-endpoints ${hosts.join(',')}`}`,
    });
  },
};

export const pkce: Check = {
  name: 'PKCE',
  source: 'RFC 7636',
  run: ({ discovery, dialect }) => {
    if (discovery === undefined) return undefined;
    const methods = discovery.metadata.code_challenge_methods_supported;
    if (methods?.includes('S256')) return fine('S256');
    if (methods !== undefined)
      return failure(`S256 is not among its methods: ${quote(methods.join(', '))}`, { hint: 'Only a device code will do.' });
    if (dialect?.pkceUnadvertised) return fine('not mentioned, and sent all the same');
    return warning('not mentioned', 'If the server does it all the same: mcp-auth login … --allow-missing-pkce-metadata');
  },
};

export const responseIssuer: Check = {
  name: 'iss in the authorization response',
  source: 'RFC 9207',
  run: ({ discovery }) => {
    if (discovery === undefined) return undefined;
    const isSent = discovery.metadata.authorization_response_iss_parameter_supported === true;
    return fine(isSent ? 'sent, and checked: paste the whole address' : 'not sent, and not needed');
  },
};

/** The ways of becoming a client that could be gone, in the order in which they are tried. */
export const registration: Check = {
  name: 'Client registration',
  source: 'RFC 7591',
  run: async ({ discovery }, { store, preferences }) => {
    if (discovery === undefined) return undefined;
    const { issuer, registration_endpoint: endpoint, client_id_metadata_document_supported: readsDocuments } = discovery.metadata;
    const known = readClients(await store.read(), issuer);
    const preferred = (await preferences.read())['client-metadata-url'];
    const ways = [
      ...known.map(
        ({ client_id: id, obtained_by: by }) => `${quote(id)} is in the store${by === 'pre_registration' ? ', registered by hand' : ''}`,
      ),
      ...(readsDocuments === true ? [`client-ID metadata documents${preferred === undefined ? '' : `, as ${preferred}`}`] : []),
      ...(endpoint === undefined ? [] : [`dynamic registration${discovery.isAssumed ? ', perhaps' : ''}`]),
    ];
    const can = known.length > 0 || endpoint !== undefined || (readsDocuments === true && preferred !== undefined);
    if (can) return fine(ways.join('; '));
    return failure(`${issuer} lets no client register itself${ways.length > 0 ? `, but takes ${ways.join('; ')}` : ''}`, {
      code: 'registration_unsupported',
      hint: 'Register a client there by hand: mcp-auth login … --client-id ID',
    });
  },
};

export const deviceAuthorization: Check = {
  name: 'Device authorization',
  source: 'RFC 8628',
  run: ({ discovery }) => {
    if (discovery === undefined) return undefined;
    return discovery.metadata.device_authorization_endpoint === undefined ? warning('not offered', 'Log in by paste.') : fine('offered');
  },
};

export const scope: Check = {
  name: 'Scopes',
  source: 'RFC 6749 section 3.3',
  run: ({ discovery, dialect, settings, login }) => {
    if (discovery === undefined) return undefined;
    const asked = {
      asked: settings.scope,
      challenged: undefined,
      before: undefined,
      offline: true,
      offlineAccess: dialect?.offlineAccess,
      least: dialect?.defaultScope,
    };
    const wanted = chooseScope(discovery, asked);
    const granted = login?.scope === undefined ? '' : `; the login has ${quote(login.scope)}`;
    return fine(`${wanted === undefined ? 'none is asked for by name' : `a login asks for ${quote(wanted)}`}${granted}`);
  },
};
