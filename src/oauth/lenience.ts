/**
 * Answers that real servers give and the RFCs do not allow, put right in one place before `oauth4webapi`, which is
 * exact, reads them. Each mend says who needs it; none of them makes a login less safe.
 */

type Mend = (body: Record<string, unknown>) => void;

/** `client_secret` without `client_secret_expires_at`, which RFC 7591 section 3.2.1 requires: seen in the MCP conformance suite's server. */
const secretWithoutExpiry: Mend = (body) => {
  if (body['client_secret'] !== undefined && typeof body['client_secret_expires_at'] !== 'number') body['client_secret_expires_at'] = 0;
};

/** RFC 7591 servers that write `null` for what they do not have. */
const nullMembers: Mend = (body) => {
  for (const [key, value] of Object.entries(body)) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a key of the answer
    if (value === null) delete body[key];
  }
};

/** An OpenID `id_token` says nothing to a client that wants access to an MCP server. */
const idToken: Mend = (body) => {
  delete body['id_token'];
};

/** A device response without an `interval` means 5 seconds (RFC 8628 section 3.2); some write it as a string, or 0. */
const oddInterval: Mend = (body) => {
  const interval = Number(body['interval']);
  if (body['interval'] !== undefined) body['interval'] = Number.isFinite(interval) && interval >= 1 ? interval : 5;
};

/** `expires_in` as a string, negative or null. Without it the life of the token is unknown, and a 401 tells. */
const oddExpiry: Mend = (body) => {
  const seconds = Number(body['expires_in']);
  if (body['expires_in'] !== undefined && !(Number.isFinite(seconds) && seconds > 0)) delete body['expires_in'];
  else if (body['expires_in'] !== undefined) body['expires_in'] = seconds;
};

export const registrationMends: Mend[] = [nullMembers, secretWithoutExpiry];
export const tokenMends: Mend[] = [nullMembers, idToken, oddExpiry];
export const deviceMends: Mend[] = [nullMembers, oddInterval, oddExpiry];

/** The same response with `mends` applied to its JSON, and, if it is a success, with the status that the RFC names. */
export async function mended(response: Response, { mends, status }: { mends: Mend[]; status: number }): Promise<Response> {
  const text = await response.text();
  const headers = new Headers(response.headers);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return new Response(text, { status: response.status, headers });
  }
  headers.set('content-type', 'application/json');
  if (typeof body === 'object' && body !== null) for (const mend of mends) mend(body as Record<string, unknown>);
  return new Response(JSON.stringify(body), { status: response.ok ? status : response.status, headers });
}
