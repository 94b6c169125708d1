/**
 * What went over the wire, for `--debug`: one line a request and one an answer, safe to be shown to others.
 *
 * Only what is known to be harmless is shown, by its name; everything else is `…`. What was hidden once is also hidden
 * where a server repeats it in its own words.
 */
import type { HttpAnswer } from '../context.js';
import { printable, shortened } from '../server-text.js';

export interface Trace {
  request(url: URL, request: { method: string; headers: Record<string, string>; body: string | URLSearchParams | null }): void;
  /** @param body where it was read. */
  response(url: URL, answer: Pick<HttpAnswer, 'status' | 'headers'>, body?: Buffer): void;
  failure(url: URL, error: Error): void;
}

/** Parameters and members that hold no secret, in the names of RFC 6749, 7591, 8414, 8628, 8707, 9126, 9728 and JSON-RPC. */
const harmless = new Set(
  `application_type authorization_servers bearer_methods_supported client_id client_id_issued_at client_name
  client_secret_expires_at code_challenge_method error error_description error_uri expires_in grant_type grant_types interval
  issuer jsonrpc method prompt redirect_uri redirect_uris require_pushed_authorization_requests
  requested_token_type resource resource_name response_type response_types scope scopes_supported subject_token_type
  token_endpoint_auth_method token_type token_type_hint verification_uri`.split(/\s+/),
);
const harmlessHeaders = new Set(
  `accept allow cache-control content-encoding content-length content-type date last-event-id location mcp-method
  mcp-protocol-version retry-after server user-agent via www-authenticate`.split(/\s+/),
);
/** What is shorter than that is no secret, and would be found in every word. */
const shortestSecret = 6;
const hidden = '…';
/** Secrets of servers that are remembered, the latest: each is looked for in every line. */
const mostReceived = 1000;
/** Values of an answer that are shown: metadata has a few hundred. Of one with more, its length is. */
const mostValues = 1000;

/** @param tell is given one line at a time. */
export function createTrace(tell: (line: string) => void): Trace {
  /** What we sent is never forgotten: a server could see to that by sending enough of its own. */
  const sent = new Set<string>();
  const received = new Set<string>();
  /** Those of what is being told. */
  let secrets = sent;
  const remember = (secret: string) => {
    // At the end again, so that what is in use stays.
    secrets.delete(secret);
    secrets.add(secret);
    const [oldest] = received.size > mostReceived ? received : [];
    if (oldest !== undefined) received.delete(oldest);
  };
  const hide = (value: string): string => {
    if (value.length >= shortestSecret) for (const form of [value, encodeURIComponent(value.toWellFormed())]) remember(form);
    return hidden;
  };
  const say = (line: string) => {
    // The longest first: one may be the beginning of another.
    const all = [...new Set([...sent, ...received])].sort((one, other) => other.length - one.length);
    tell(printable(all.reduce((text, secret) => text.replaceAll(secret, hidden), line)));
  };

  const shownPair = (name: string, value: string): string => `${name}=${isHarmless(name) ? shownText(value) : hide(value)}`;
  const shownQuery = (query: URLSearchParams): string => [...query].map(([name, value]) => shownPair(name, value)).join('&');
  /** A piece of a path may be a secret too: some services give every customer an address of their own. */
  const shownPath = (path: string): string =>
    path
      .split('/')
      .map((piece) => (/^(?=.*\d)(?=.*[a-z])[\w.~%-]{20,}$/i.test(piece) ? hide(piece) : piece))
      .join('/');
  const shownUrl = (url: URL): string =>
    shortened(`${url.origin}${shownPath(url.pathname)}${url.search === '' ? '' : `?${shownQuery(url.searchParams)}`}`);
  const shownText = (value: string): string => {
    const url = /^https?:/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
    const shown = url && shownUrl(url);
    // As it was written, where nothing had to be hidden: a slash at the end may be what is wrong.
    return shown === undefined || shown === url?.href ? shortened(value) : shown;
  };

  const shownHeader = ([name, value]: [string, string]): string => {
    if (name === 'authorization') return `${name}: ${value.split(' ')[0] ?? ''} ${hide(value.split(' ').slice(1).join(' '))}`;
    return `${name}: ${harmlessHeaders.has(name) ? shownText(value) : hide(value)}`;
  };
  const shownMember = (name: string, value: unknown): unknown => {
    if (typeof value === 'string') return isHarmless(name) ? shownText(value) : hide(value);
    if (Array.isArray(value)) return value.map((one) => shownMember(name, one));
    return typeof value === 'object' && value !== null ? hidden : value;
  };
  const shownBody = (text: string, type: string): string => {
    if (type.startsWith('application/x-www-form-urlencoded')) return shownQuery(new URLSearchParams(text));
    try {
      const value = JSON.parse(text) as object;
      if (Object.values(value).flat().length > mostValues) return `(${text.length} characters)`;
      const members = Object.entries(value).map(([name, member]) => [shortened(name), shownMember(name, member)] as const);
      return JSON.stringify(Object.fromEntries(members));
    } catch {
      return `(${text.length} characters)`;
    }
  };

  return {
    request: (url, { method, headers, body }) => {
      secrets = sent;
      const fields = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as [string, string]);
      const type = fields.find(([name]) => name === 'content-type')?.[1] ?? '';
      const form = body instanceof URLSearchParams ? shownQuery(body) : body === null ? '' : shownBody(body, type);
      const parts = fields.filter(([name]) => name !== 'user-agent' && name !== 'accept').map(shownHeader);
      say(['→', `${method} ${shownUrl(url)}`, ...parts, form].filter(Boolean).join('  '));
    },
    response: (url, { status, headers }, body) => {
      secrets = received;
      const pairs = Object.entries(headers).filter((field): field is [string, string] => typeof field[1] === 'string');
      const fields = pairs.filter(([name]) => harmlessHeaders.has(name) && name !== 'date' && name !== 'server');
      const type = fields.find(([name]) => name === 'content-type')?.[1] ?? '';
      const text = body === undefined || body.length === 0 ? '' : shownBody(body.toString(), type);
      say(['←', `${status} from ${url.host}`, ...fields.map(shownHeader), text].filter(Boolean).join('  '));
    },
    failure: (url, error) => say(`← nothing from ${url.host}: ${error.message}`),
  };
}

/** Endpoints, and lists of what a server supports, are made to be read by all. */
function isHarmless(name: string): boolean {
  return harmless.has(name) || /_(endpoint|supported)$/.test(name);
}
