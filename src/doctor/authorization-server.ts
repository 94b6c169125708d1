/** The authorization server: its metadata, and what a login does with it. */
import { formatCommand, quoteShellWord } from '../text/command-line.js';
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

/** Finds the authorization server metadata as a login does. */
export const metadata: Check = {
  name: 'Authorization server metadata',
  source: 'RFC 8414',
  run: async (subject, context) => {
    const { url, settings, login, responses } = subject;
    if (subject.protectedResource === undefined) return undefined;
    // A login that was once allowed to reach a private network is allowed to reach it again.
    const crossed = login?.network !== undefined && login.network !== context.http.networkOf(url);
    const request = createDiscoveryRequest({ serverUrl: url, settings, login });
    subject.discovery = await discover({ ...request, privateNetworkAllowed: request.privateNetworkAllowed ?? crossed }, context);
    const { isAssumed, metadata: found } = subject.discovery;
    subject.dialect = findDialect(found.issuer, settings);
    if (!isAssumed) return fine(`found at ${findDocumentUrl(responses)}`);
    return warning(`${found.issuer} has no metadata. Using the default endpoints /authorize, /token and /register (MCP 2025-03-26)`);
  },
};

/** The settings that change requests to this server: the user's, and those known for its vendor. */
export const serverSettings: Check = {
  name: 'What this server needs',
  run: ({ dialect, settings, entry }) => {
    if (dialect === undefined) return undefined;
    const { name, applied } = dialect.vendor ?? { name: '', applied: [] };
    // The values of headers may be secret, so only their names are shown.
    const options = [...formatSettings(settings), ...Object.keys(readHeaders(entry)).map((header) => `--header ${quoteShellWord(header)}`)];
    const all = [
      ...(options.length > 0 ? [`${options.join(' ')} (set by you)`] : []),
      ...(applied.length > 0 ? [`${applied.join(', ')} (known for ${name})`] : []),
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
      return warning(`is ${quote(found.issuer)}; the login is from ${quote(login.issuer)}`, 'If this is intended, log in again.');
    }
    if (found.issuer === issuerAddress) return fine(`is ${found.issuer}, as expected`);
    return fine(`is ${found.issuer}, found at ${issuerAddress}`);
  },
};

/** Whether the endpoints belong to the authorization server. A login fails if one is on another site. */
export const endpoints: Check = {
  name: 'Endpoints',
  source: 'RFC 9700 section 4.4',
  run: ({ discovery, settings, url }) => {
    if (discovery === undefined) return undefined;
    const { metadata: found, issuerAddress } = discovery;
    const { issuer } = found;
    const places = collectOwnAddresses({ issuer, issuerAddress, serverUrl: url.href, trusted: settings.trustedEndpoints });
    const foreign = findForeignEndpoints(found, places);
    if (foreign.length === 0) return fine('all belong to the authorization server');
    const hosts = [...new Set(foreign.map(({ host }) => host))];
    return failure(`${foreign.map(({ name, host }) => `its ${name} is at ${host}`).join(', ')}, which is another site`, {
      code: 'endpoint_elsewhere',
      hint: `If you know that they belong together, run: ${formatCommand`mcp-auth login … --trust-endpoints ${hosts.join(',')}`}`,
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
      return failure(`S256 is not among the supported methods: ${quote(methods.join(', '))}`, {
        hint: 'Log in with a device code: mcp-auth login … --flow device',
      });
    if (dialect?.pkceUnadvertised) return fine('not mentioned in the metadata; sent anyway');
    return warning(
      'not mentioned in the metadata',
      'If you know that the server supports PKCE: mcp-auth login … --allow-missing-pkce-metadata',
    );
  },
};

export const responseIssuer: Check = {
  name: 'iss in the authorization response',
  source: 'RFC 9207',
  run: ({ discovery }) => {
    if (discovery === undefined) return undefined;
    const isSent = discovery.metadata.authorization_response_iss_parameter_supported === true;
    return fine(isSent ? 'sent and checked: when asked to paste, paste the whole address' : 'not sent (optional)');
  },
};

/** The ways to become a client, in the order in which a login tries them. */
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
      ...(readsDocuments === true ? [`client ID metadata document${preferred === undefined ? 's' : ` ${preferred}`}`] : []),
      ...(endpoint === undefined ? [] : [`dynamic registration${discovery.isAssumed ? ' (not confirmed)' : ''}`]),
    ];
    const can = known.length > 0 || endpoint !== undefined || (readsDocuments === true && preferred !== undefined);
    if (can) return fine(ways.join('; '));
    return failure(`${issuer} does not support dynamic client registration${ways.length > 0 ? `, but accepts ${ways.join('; ')}` : ''}`, {
      code: 'registration_unsupported',
      hint: 'Register a client there manually, then run: mcp-auth login … --client-id ID',
    });
  },
};

export const deviceAuthorization: Check = {
  name: 'Device authorization',
  source: 'RFC 8628',
  run: ({ discovery }) => {
    if (discovery === undefined) return undefined;
    return discovery.metadata.device_authorization_endpoint === undefined
      ? warning('not supported', 'Log in by pasting the redirect URL: mcp-auth login … --flow paste')
      : fine('supported');
  },
};

export const scope: Check = {
  name: 'Scopes',
  source: 'RFC 6749 section 3.3',
  run: ({ discovery, dialect, settings, login }) => {
    if (discovery === undefined) return undefined;
    const scopes = {
      asked: settings.scope,
      challenged: undefined,
      before: undefined,
      offline: true,
      offlineAccess: dialect?.offlineAccess,
      least: dialect?.defaultScope,
    };
    const wanted = chooseScope(discovery, scopes);
    const granted = login?.scope === undefined ? '' : `; the stored login has ${quote(login.scope)}`;
    return fine(`${wanted === undefined ? 'a login requests no specific scopes' : `a login requests ${quote(wanted)}`}${granted}`);
  },
};
