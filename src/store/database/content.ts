/** The document of a store in a database: read as rows and opened, sealed and written as rows. */
import type { StoreDocument } from '../document.js';
import type { Engine, Lease, WriteResult } from '../engines/engine.js';
import type { SealCodec } from '../seal/codec.js';
import { replaceSeal } from '../seal/sealed-document.js';
import { readSeal, type Seal } from '../seal/seal.js';
import type { Sealing } from '../seal/sealing.js';
import type { AttemptRows } from './attempt-rows.js';
import { allowPlaintext, createUnsealedError, hasSecrets, mayHaveSecrets } from './plaintext.js';
import { createClientQueries, createServerQueries, findChanges, parseRows, wholeDocument, type Snapshot } from './rows.js';

/** A snapshot that was opened. */
export interface OpenSnapshot {
  /** As it is stored. */
  readonly stored: Snapshot;
  /** In the clear. */
  readonly document: StoreDocument;
  /** Of a sealed store. */
  readonly codec: SealCodec | undefined;
}

interface ContentOptions {
  readonly engine: Engine;
  readonly sealing: Sealing;
  /** The URL without its password. */
  readonly path: string;
}

export class Content {
  readonly #engine: Engine;
  readonly #sealing: Sealing;
  readonly #path: string;

  constructor({ engine, sealing, path }: ContentOptions) {
    this.#engine = engine;
    this.#sealing = sealing;
    this.#path = path;
  }

  /** @param server the only server that is wanted, with the registrations that its login uses; by default all. */
  async read(server: string | undefined): Promise<OpenSnapshot> {
    const stored = await this.#readStored(server);
    const document = await this.#sealing.open(stored.document);
    return { stored, document, codec: await this.#sealing.codec(readSeal(stored.document)) };
  }

  /**
   * Writes what differs between a snapshot and a document in the clear.
   *
   * @throws AuthError `store_unwritable` if there are secrets, and the store is neither sealed nor allowed to have plain text.
   */
  async write({ stored }: OpenSnapshot, document: StoreDocument, lease: Lease | undefined): Promise<WriteResult> {
    if (!mayHaveSecrets(document) && hasSecrets(document)) throw createUnsealedError(this.#path);
    const changes = findChanges(stored, await this.#sealing.close(document));
    if (changes.length === 0) return 'written';
    const result = await this.#engine.write(changes, lease);
    const isNew = changes.some(({ version }) => version === undefined);
    // A new row replaces none that a change of the seal in the meantime would have changed.
    if (result === 'written' && isNew && !(await this.#hasSeal(readSeal(document)))) return 'changed';
    return result;
  }

  /** @throws AuthError `store_unwritable` as `write` does for secrets, whether or not there are some. */
  async checkMayHaveSecrets(): Promise<void> {
    const stored = parseRows(await this.#engine.read([{ kind: 'member' }]));
    if (!mayHaveSecrets(await this.#sealing.open(stored))) throw createUnsealedError(this.#path);
  }

  async readSeal(): Promise<Seal | undefined> {
    return readSeal(parseRows(await this.#engine.read([{ kind: 'member', keys: ['seal'] }])));
  }

  async findCodec(): Promise<SealCodec | undefined> {
    return this.#sealing.codec(await this.readSeal());
  }

  /** See `StoreWriting.changeSeal`. What is not sealed may be in plain text from then on. */
  async changeSeal(seal: Seal | undefined, attempts: AttemptRows): Promise<WriteResult> {
    const stored = await this.#readStored(undefined);
    const { document, codec: before } = await this.#sealing.openToChange(stored.document, 'row "seal" of the database');
    const changed = replaceSeal(document, seal);
    if (seal === undefined) allowPlaintext(changed);
    else delete changed['plaintext'];
    const after = await this.#sealing.codec(seal);
    const changes = [...findChanges(stored, await this.#sealing.close(changed)), ...(await attempts.findChanges({ before, after }))];
    const result = changes.length === 0 ? 'written' : await this.#engine.write(changes);
    if (result === 'written') await this.#sealing.expect(seal);
    return result;
  }

  async #readStored(server: string | undefined): Promise<Snapshot> {
    const rows = await this.#engine.read(server === undefined ? wholeDocument : createServerQueries(server));
    const queries = server === undefined ? [] : createClientQueries(rows);
    const all = queries.length === 0 ? rows : [...rows, ...(await this.#engine.read(queries))];
    return { document: parseRows(all), rows: all };
  }

  async #hasSeal(seal: Seal | undefined): Promise<boolean> {
    return (await this.readSeal())?.key === seal?.key;
  }
}
