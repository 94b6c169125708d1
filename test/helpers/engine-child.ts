/** A process that reads from the store at the URL in its environment, listens, and has nothing else to do. */
import { systemClock } from '../../src/machine/clock.js';
import { parseStoreUrl } from '../../src/store/engines/store-url.js';

const { kind, url, store } = parseStoreUrl(process.env['STORE_URL'] ?? '');
const engine = kind.open({ url, store, clock: systemClock, variables: {} });
await engine.listen(() => undefined);
const rows = await engine.read([{ kind: 'server' }]);
process.stdout.write(`read ${rows.length}\n`);
