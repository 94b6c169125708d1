/** What the terminal that waits asks of a relay. It shows the secret whose hash is in the name of the session. */
import { paths, type AnswerMessage } from '../relay-protocol/messages.js';
import { createSessionId, hashText } from '../relay-protocol/session-id.js';
import { readObject } from './body.js';
import { isEqual } from './equal.js';
import { limits } from './limits.js';
import { parseOpenMessage } from './open-message.js';
import { respondEmpty, respondError, respondJson } from './responses.js';
import { sweep, type Endpoint, type Exchange, type Service } from './service.js';
import { reopen, takeOutcome, type RelaySession } from './session.js';
import type { StoredSession } from './store.js';

export const openSession: Endpoint = async ({ request, id, address }, service) => {
  const body = await readObject(request, limits.openMessage);
  if (body === undefined) return respondError(400, 'invalid_request', 'The body is not a JSON object of at most 16 KiB.');
  const message = await parseOpenMessage(body, id);
  if (typeof message === 'string') return respondError(400, 'invalid_request', `The member ${message} is missing or invalid.`);
  const { public_key: publicKey, secret_hash: secretHash, expires_in, ...rest } = message;
  const isOwn = isEqual(await createSessionId({ publicKey, secretHash }), id) && (await hasSecret(request, secretHash));
  if (!isOwn) return refuse();

  const opened = { public_key: publicKey, secret_hash: secretHash, ...rest };
  const session: RelaySession = { opened, expiresAt: service.clock.now() + expires_in * 1000, wrongCodes: 0 };
  const reopened = await service.store.update(id, (before) => reopen(before, session));
  if (reopened?.session.end === 'too_many_codes') return respondEnded();
  const addressOfPage = { address: `${service.publicUrl.origin}${paths.session}/${id}` };
  if (reopened !== undefined) return respondJson(addressOfPage);
  if (!service.rateLimit.take(address)) return respondBusy(429, 'Too many logins were started from this address.');
  if ((await sweep(service)) >= limits.sessions) return respondBusy(503, 'The relay has too many open logins.');
  await service.store.open(id, session);
  service.tally.add('opened');
  return respondJson(addressOfPage, { status: 201 });
};

export const awaitAnswer: Endpoint = async (exchange, service) => {
  // A wait ends the one before it, so it must not be a stranger's.
  const found = await findOwn(exchange, service);
  if (found instanceof Response) return found;
  return service.waits.run({ name: `answer ${exchange.id}`, milliseconds: limits.poll, gone: exchange.request.signal }, (signal) =>
    waitForAnswer(exchange, { ...service, signal }),
  );
};

async function waitForAnswer(exchange: Exchange, service: Service & { signal: AbortSignal }): Promise<Response> {
  for (;;) {
    const found = await findOwn(exchange, service);
    if (found instanceof Response) return found;
    const { answer, release, end } = found.session;
    if (end === 'too_many_codes') return respondEnded();
    if (end !== undefined) return respondUnknown();
    if (answer !== undefined && release !== undefined) return respondJson({ sealed: answer.sealed, ...release } satisfies AnswerMessage);
    if (service.waits.isStopping) return respondBusy(503, 'The relay is stopping.');
    if (service.signal.aborted) return respondEmpty();
    await service.store.waitForChange(exchange.id, found.version, service.signal);
  }
}

export const receiveOutcome: Endpoint = async (exchange, service) => {
  const found = await findOwn(exchange, service);
  if (found instanceof Response) return found;
  const body = await readObject(exchange.request, limits.outcome);
  if (typeof body?.['ok'] !== 'boolean') return respondError(400, 'invalid_request', 'The member ok is missing or invalid.');
  const outcome = { isLoggedIn: body['ok'], now: service.clock.now() };
  await service.store.update(exchange.id, (session) => takeOutcome(session, outcome));
  return respondEmpty();
};

export const removeSession: Endpoint = async (exchange, service) => {
  const found = await findOwn(exchange, service);
  if (found instanceof Response) return found;
  await service.store.remove(exchange.id);
  return respondEmpty();
};

/** The session, or the response for a terminal that has no such session or is not the one that opened it. */
async function findOwn({ request, id }: Exchange, { store }: Service): Promise<StoredSession | Response> {
  if (!request.headers.has('authorization')) return refuse();
  const found = await store.read(id);
  if (found === undefined) return respondUnknown();
  return (await hasSecret(request, found.session.opened.secret_hash)) ? found : refuse();
}

async function hasSecret({ headers }: Request, secretHash: string): Promise<boolean> {
  const [, secret] = /^Bearer ([\w.~+/=-]{1,200})$/i.exec(headers.get('authorization') ?? '') ?? [];
  return secret !== undefined && isEqual(await hashText(secret), secretHash);
}

function refuse(): Response {
  const challenge = { 'www-authenticate': 'Bearer' };
  return respondJson({ error: 'unauthorized', message: 'The secret is not the one of this login.' }, { status: 401, headers: challenge });
}

function respondUnknown(): Response {
  return respondError(404, 'unknown_session', 'The relay has no such login.');
}

function respondEnded(): Response {
  return respondError(410, 'too_many_codes', 'A wrong code was typed too often.');
}

function respondBusy(status: 429 | 503, message: string): Response {
  return respondJson({ error: 'busy', message }, { status, headers: { 'retry-after': status === 429 ? '60' : '1' } });
}
