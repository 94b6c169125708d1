/** The authorization server: what it says of itself, and what a login makes of it. */
import { shellWord } from '../command-line.js';
import { ownCommand } from '../command-line.js';
import { discoveryRequest } from '../login/preparation.js';
import { dialectOf } from '../oauth/dialect.js';
import { discover } from '../oauth/discovery.js';
import { foreignEndpoints, ownPlaces } from '../oauth/endpoints.js';
import { scopeToRequest } from '../oauth/scope.js';
import { quoted } from '../server-text.js';
import { clientsOf } from '../store/clients.js';
import { headersOf } from '../session/server-access.js';
import { settingsInWords } from '../store/settings.js';
import { failure, fine, warning, type Step } from './step.js';
import { foundAt } from './server.js';

/** Discovery as a login does it. */
export const metadata: Step = {
  name: 'Authorization server metadata',
  source: 'RFC 8414',
  look: async (subject, context) => {
    const { url, settings, login, visits } = subject;
    if (subject.protectedResource === undefined) return undefined;
    // What a login has been allowed to cross once, it crosses again.
    const crossed = login?.network !== undefined && login.network !== context.http.networkOf(url);
    const request = discoveryRequest({ serverUrl: url, settings, login });
    subject.discovery = await discover({ ...request, privateNetworkAllowed: request.privateNetworkAllowed ?? crossed }, context);
    const { assumed, metadata: found } = subject.discovery;
    subject.dialect = dialectOf(found.issuer, settings);
    if (!assumed) return fine(`found at ${foundAt(visits)}`);
    return warning(`${found.issuer} has none: its endpoints are taken to be /authorize, /token and /register, as in MCP 2025-03-26`);
  },
};

/** What is asked in another way than usual, and by whose word. */
export const needs: Step = {
  name: 'What this server needs',
  look: ({ dialect, settings, entry }) => {
    if (dialect === undefined) return undefined;
    const { name, taken } = dialect.vendor ?? { name: '', taken: [] };
    // The values of headers may be secret.
    const words = [...settingsInWords(settings), ...Object.keys(headersOf(entry)).map((header) => `--header ${shellWord(header)}`)];
    const all = [
      ...(words.length > 0 ? [`${words.join(' ')}, as you said at a login`] : []),
      ...(taken.length > 0 ? [`${taken.join(', ')}, as ${name} is known to`] : []),
    ];
    return all.length === 0 ? undefined : fine(all.join('; '));
  },
};

export const issuer: Step = {
  name: 'Issuer',
  source: 'RFC 8414 section 3.3',
  look: ({ discovery, login }) => {
    if (discovery === undefined) return undefined;
    const { metadata: found, issuerAddress } = discovery;
    if (login?.issuer !== undefined && login.issuer !== found.issuer) {
      return warning(`is ${quoted(found.issuer)}; the login is from ${quoted(login.issuer)}`, 'If that is right, log in again.');
    }
    if (found.issuer === issuerAddress) return fine(`is ${found.issuer}, as it should`);
    return fine(`is ${found.issuer}, found at ${issuerAddress}`);
  },
};

/** Whether its endpoints are its own, which a login asks the person of. */
export const endpoints: Step = {
  name: 'Endpoints',
  source: 'RFC 9700 section 4.4',
  look: ({ discovery, settings, url }) => {
    if (discovery === undefined) return undefined;
    const { metadata: found, issuerAddress } = discovery;
    const { issuer } = found;
    const places = ownPlaces({ issuer, issuerAddress, serverUrl: url.href, trusted: settings.trustedEndpoints });
    const foreign = foreignEndpoints(found, places);
    if (foreign.length === 0) return fine('all belong to it');
    const hosts = [...new Set(foreign.map(({ host }) => host))];
    return failure(`${foreign.map(({ name, host }) => `its ${name} is at ${host}`).join(', ')}, which is another site`, {
      code: 'endpoint_elsewhere',
      hint: `If you know that they belong together: ${ownCommand`mcp-auth login … --trust-endpoints ${hosts.join(',')}`}`,
    });
  },
};

export const pkce: Step = {
  name: 'PKCE',
  source: 'RFC 7636',
  look: ({ discovery, dialect }) => {
    if (discovery === undefined) return undefined;
    const methods = discovery.metadata.code_challenge_methods_supported;
    if (methods?.includes('S256')) return fine('S256');
    if (methods !== undefined)
      return failure(`S256 is not among its methods: ${quoted(methods.join(', '))}`, { hint: 'Only a device code will do.' });
    if (dialect?.pkceUnadvertised) return fine('not mentioned, and sent all the same');
    return warning('not mentioned', 'If the server does it all the same: mcp-auth login … --allow-missing-pkce-metadata');
  },
};

export const responseIssuer: Step = {
  name: 'iss in the authorization response',
  source: 'RFC 9207',
  look: ({ discovery }) => {
    if (discovery === undefined) return undefined;
    const isSent = discovery.metadata.authorization_response_iss_parameter_supported === true;
    return fine(isSent ? 'sent, and checked: paste the whole address' : 'not sent, and not needed');
  },
};

/** The ways of becoming a client that could be gone, in the order in which they are tried. */
export const registration: Step = {
  name: 'Client registration',
  source: 'RFC 7591',
  look: async ({ discovery }, { store, preferences }) => {
    if (discovery === undefined) return undefined;
    const { issuer, registration_endpoint: endpoint, client_id_metadata_document_supported: readsDocuments } = discovery.metadata;
    const known = clientsOf(await store.read(), issuer);
    const preferred = (await preferences.read())['client-metadata-url'];
    const ways = [
      ...known.map(
        ({ client_id: id, obtained_by: by }) => `${quoted(id)} is in the store${by === 'pre_registration' ? ', registered by hand' : ''}`,
      ),
      ...(readsDocuments === true ? [`client-ID metadata documents${preferred === undefined ? '' : `, as ${preferred}`}`] : []),
      ...(endpoint === undefined ? [] : [`dynamic registration${discovery.assumed ? ', perhaps' : ''}`]),
    ];
    const can = known.length > 0 || endpoint !== undefined || (readsDocuments === true && preferred !== undefined);
    if (can) return fine(ways.join('; '));
    return failure(`${issuer} lets no client register itself${ways.length > 0 ? `, but takes ${ways.join('; ')}` : ''}`, {
      code: 'registration_unsupported',
      hint: 'Register a client there by hand: mcp-auth login … --client-id ID',
    });
  },
};

export const deviceAuthorization: Step = {
  name: 'Device authorization',
  source: 'RFC 8628',
  look: ({ discovery }) => {
    if (discovery === undefined) return undefined;
    return discovery.metadata.device_authorization_endpoint === undefined ? warning('not offered', 'Log in by paste.') : fine('offered');
  },
};

export const scope: Step = {
  name: 'Scopes',
  source: 'RFC 6749 section 3.3',
  look: ({ discovery, dialect, settings, login }) => {
    if (discovery === undefined) return undefined;
    const asked = {
      asked: settings.scope,
      challenged: undefined,
      before: undefined,
      offline: true,
      offlineAccess: dialect?.offlineAccess,
      least: dialect?.leastScope,
    };
    const wanted = scopeToRequest(discovery, asked);
    const granted = login?.scope === undefined ? '' : `; the login has ${quoted(login.scope)}`;
    return fine(`${wanted === undefined ? 'none is asked for by name' : `a login asks for ${quoted(wanted)}`}${granted}`);
  },
};
