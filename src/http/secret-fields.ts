/** Which parts of requests and responses are secret: everything except the names that are known to be harmless. */
import type { Secrets } from '../effects.js';
import { parseObject } from '../text/json.js';

/** Parameters and members without secrets, from RFC 6749, 7591, 8414, 8628, 8707, 9126, 9728 and JSON-RPC. */
const harmless = new Set(
  `application_type authorization_servers bearer_methods_supported client_id client_id_issued_at client_name
  client_secret_expires_at code_challenge_method error error_description error_uri expires_in grant_type grant_types interval
  issuer jsonrpc method prompt realm redirect_uri redirect_uris require_pushed_authorization_requests
  requested_token_type resource resource_metadata resource_name response_type response_types scope scopes_supported subject_token_type
  token_endpoint_auth_method token_type token_type_hint verification_uri`.split(/\s+/),
);
const harmlessHeaders = new Set(
  `accept allow cache-control content-encoding content-length content-type date last-event-id location mcp-method
  mcp-protocol-version retry-after server user-agent via www-authenticate`.split(/\s+/),
);
/** Headers of every request: not secret, and not worth logging. */
const commonHeaders = new Set(['accept-encoding', 'connection', 'host']);

/** Endpoints, and lists of what a server supports, are harmless too: they are public metadata. */
export function isHarmlessParameter(name: string): boolean {
  return harmless.has(name) || /_(endpoint|supported)$/.test(name);
}

export function isHarmlessHeader(name: string): boolean {
  return harmlessHeaders.has(name.toLowerCase());
}

/** Notes the secrets in the headers of a request, because a server may repeat them in its own text. */
export function noteHeaderSecrets(headers: Readonly<Record<string, string>>, secrets: Secrets): void {
  for (const [name, value] of Object.entries(headers))
    if (!isHarmlessHeader(name) && !commonHeaders.has(name.toLowerCase())) noteHeader(name, value, secrets);
}

export function noteFormSecrets(form: URLSearchParams, secrets: Secrets): void {
  for (const [name, value] of form) if (!isHarmlessParameter(name)) secrets.add(value);
}

/** Notes a header, and the credentials in it. */
function noteHeader(name: string, value: string, secrets: Secrets): void {
  secrets.add(value);
  const [scheme = '', ...rest] = value.split(' ');
  const credentials = rest.join(' ');
  if (credentials !== '' && /authorization$/i.test(name)) secrets.add(credentials);
  if (/^basic$/i.test(scheme)) noteBasic(credentials, secrets);
}

/** RFC 7617; by RFC 6749 section 2.3.1, both parts are encoded as in a form. The user name is not secret. */
function noteBasic(credentials: string, secrets: Secrets): void {
  const decoded = Buffer.from(credentials, 'base64').toString();
  const password = decoded.slice(decoded.indexOf(':') + 1);
  secrets.add(password);
  secrets.add(decodeFormValue(password));
}

function decodeFormValue(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? text;
}

/** Members of a response that only its receiver may know. */
const secretMembers = [
  ...['access_token', 'refresh_token', 'id_token', 'client_secret', 'registration_access_token', 'device_code', 'request_uri', 'code'],
];

/** Notes the secrets in a response, because other servers, or the next response, may repeat them. */
export function noteResponseSecrets(body: Buffer, secrets: Secrets): void {
  const response = parseObject(body.toString()) ?? {};
  for (const member of secretMembers) {
    const value = response[member];
    if (typeof value === 'string') secrets.add(value);
  }
}
