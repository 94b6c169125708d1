/** What a relay responds to: each method and path, with `ID` for the name of a session. */
import { receiveCallback, receiveSealed, showKey } from './callback.js';
import { createClientDocument } from './client-document.js';
import { receiveCode, showCode } from './code-page.js';
import { showLogin } from './login-page.js';
import { showHome } from './pages.js';
import { respondJson, respondText } from './responses.js';
import { sweep, type Endpoint } from './service.js';
import { awaitAnswer, openSession, receiveOutcome, removeSession } from './terminal-endpoints.js';

const showClient: Endpoint = (_, { publicUrl }) =>
  Promise.resolve(respondJson(createClientDocument(publicUrl.origin), { headers: { 'cache-control': 'public, max-age=3600' } }));

/** Fails if the store does. */
const showHealth: Endpoint = async (_, service) => {
  await sweep(service);
  return respondText('ok');
};

const showMetrics: Endpoint = async (_, service) => {
  const sessions = await sweep(service);
  return respondText(service.tally.format({ sessions, waiting: service.waits.count }).trimEnd());
};

export const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ['PUT /s/ID', openSession],
  ['DELETE /s/ID', removeSession],
  ['GET /s/ID/answer', awaitAnswer],
  ['POST /s/ID/outcome', receiveOutcome],
  ['GET /', () => Promise.resolve(showHome())],
  ['GET /s/ID', showLogin],
  ['GET /callback', receiveCallback],
  ['GET /s/ID/key', showKey],
  ['POST /s/ID/response', receiveSealed],
  ['GET /s/ID/code', showCode],
  ['POST /s/ID/code', receiveCode],
  ['GET /client.json', showClient],
  ['GET /healthz', showHealth],
  ['GET /metrics', showMetrics],
]);
