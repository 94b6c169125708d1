/** What of a request and its answer is secret: all that is not known to be harmless, by its name. */
import type { Secrets } from '../effects.js';
import { parseObject } from '../text/json.js';

/** Parameters and members that hold no secret, in the names of RFC 6749, 7591, 8414, 8628, 8707, 9126, 9728 and JSON-RPC. */
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

/** Endpoints, and lists of what a server supports, are made to be read by all. */
export function isHarmlessParameter(name: string): boolean {
  return harmless.has(name) || /_(endpoint|supported)$/.test(name);
}

/** Sent by every program alike, and of no interest. */
const common = new Set(['accept-encoding', 'connection', 'host']);

export function isHarmlessHeader(name: string): boolean {
  return harmlessHeaders.has(name.toLowerCase());
}

interface Sent {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/** Notes what a server is sent beside a body, since it may repeat it in its own words. */
export function noteRequestSecrets({ url, headers }: Sent, secrets: Secrets): void {
  secrets.addUrl(url.href);
  for (const [name, value] of Object.entries(headers))
    if (!isHarmlessHeader(name) && !common.has(name.toLowerCase())) noteHeader(name, value, secrets);
}

/** The same of a form. */
export function noteFormSecrets(form: URLSearchParams, secrets: Secrets): void {
  for (const [name, value] of form) if (!isHarmlessParameter(name)) secrets.add(value);
}

/** Of a header that says who asks: its credentials, and what they are made of. */
function noteHeader(name: string, value: string, secrets: Secrets): void {
  secrets.add(value);
  const [scheme = '', ...rest] = value.split(' ');
  const credentials = rest.join(' ');
  if (credentials !== '' && /authorization$/i.test(name)) secrets.add(credentials);
  if (/^basic$/i.test(scheme)) noteBasic(credentials, secrets);
}

/** RFC 7617, and RFC 6749 section 2.3.1, by which both parts are encoded as in a form. The name is no secret. */
function noteBasic(credentials: string, secrets: Secrets): void {
  const decoded = Buffer.from(credentials, 'base64').toString();
  const password = decoded.slice(decoded.indexOf(':') + 1);
  for (const one of [password, unescaped(password)]) secrets.add(one);
}

function unescaped(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? text;
}

/** Members of an answer that hold what only its receiver may know. */
const secretMembers = [
  ...['access_token', 'refresh_token', 'id_token', 'client_secret', 'registration_access_token', 'device_code', 'request_uri', 'code'],
];

/** Notes what a server has given: other servers, or this one's next answer, may repeat it. */
export function noteResponseSecrets(body: Buffer, secrets: Secrets): void {
  const answer = parseObject(body.toString()) ?? {};
  for (const member of secretMembers) {
    const value = answer[member];
    if (typeof value === 'string') secrets.add(value);
  }
}
