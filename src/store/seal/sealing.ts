/** Opens and closes documents of a store, with the data key of the seal that the document has. */
import { AuthError } from '../../errors.js';
import type { StoreDocument } from '../document.js';
import { SealCodec } from './codec.js';
import { createSealBrokenError, createUnknownSealError } from './seal-errors.js';
import { readSeal, type Seal } from './seal.js';
import { closeDocument, hasSealedMembers, openDocument } from './sealed-document.js';

/**
 * Finds the identity and opens the data key of a seal. It is called often: it remembers what it has opened.
 *
 * @throws AuthError `identity_needed` if there is no identity, or none that opens it.
 */
export type OpenSeal = (seal: Seal) => Promise<Uint8Array>;

/** A seal that was opened, and the fingerprint of its data key. */
export interface KnownSeal extends Seal {
  readonly fingerprint: string;
}

/** What this machine remembers of one store: that it is sealed, and by which data key. See SECURITY.md. */
export interface SealMark {
  /** Undefined if the store was not sealed when it was last opened here. */
  read(): KnownSeal | undefined;
  /** Undefined for a store that is no longer sealed. Does nothing where there is no place for it. */
  write(known: KnownSeal | undefined): void;
}

const noMark: SealMark = { read: () => undefined, write: () => undefined };

export class Sealing {
  readonly #openSeal: OpenSeal;
  readonly #mark: SealMark;
  /** By the armored data key. More than one only while the seal changes. */
  readonly #codecs = new Map<string, { readonly dataKey: Uint8Array; readonly codec: SealCodec }>();

  constructor(openSeal: OpenSeal, mark: SealMark = noMark) {
    this.#openSeal = openSeal;
    this.#mark = mark;
  }

  /**
   * The document in the clear, still with its `seal`. It may share objects with the stored one. A document without a seal is returned
   * as it is. What was changed or moved stays sealed (`isSealed`), so that one changed entry does not take away all others.
   *
   * @throws AuthError `identity_needed`; `seal_broken` if the seal was removed, replaced or damaged.
   */
  async open(stored: StoreDocument): Promise<StoreDocument> {
    const seal = readSeal(stored);
    if (seal !== undefined) return openDocument(stored, this.#check(seal, await this.#find(seal)));
    if (this.#mark.read() !== undefined || hasSealedMembers(stored)) throw createRemovedError();
    return stored;
  }

  /** A document that comes from elsewhere, as the copy of a moved login: this machine expects no seal of it. @throws AuthError as `open`. */
  async openForeign(document: StoreDocument): Promise<StoreDocument> {
    const codec = await this.codec(readSeal(document));
    if (codec === undefined && hasSealedMembers(document)) throw createRemovedError();
    return codec === undefined ? document : openDocument(document, codec);
  }

  /** The document as it is stored: with a seal, everything secret is sealed. @throws AuthError as `open`. */
  async close(document: StoreDocument): Promise<StoreDocument> {
    const codec = await this.codec(readSeal(document));
    return codec === undefined ? document : closeDocument(document, codec);
  }

  /** The copy of a login for a file of its own, sealed as the store is. */
  async closeCopy(seal: Seal | undefined, document: StoreDocument): Promise<StoreDocument> {
    return seal === undefined ? document : this.close({ seal, ...document });
  }

  /**
   * The document in the clear, for a change of its seal. If another program has removed the seal, the one that this machine knows still
   * opens the rest.
   *
   * @param place where a backup has the seal. @throws AuthError `seal_broken` if something is sealed and no seal is known.
   */
  async openToChange(stored: StoreDocument, place: string): Promise<{ document: StoreDocument; codec: SealCodec | undefined }> {
    const codec = await this.codec(readSeal(stored) ?? this.getExpected());
    if (codec === undefined && hasSealedMembers(stored)) throw createUnknownSealError(place);
    return { document: codec === undefined ? stored : openDocument(stored, codec), codec };
  }

  /** For readers that cannot wait. Undefined without a seal. */
  async codec(seal: Seal | undefined): Promise<SealCodec | undefined> {
    return seal && (await this.#find(seal));
  }

  /** Has this machine expect this seal of the store from now on. */
  async expect(seal: Seal | undefined): Promise<void> {
    this.#mark.write(seal && { ...seal, fingerprint: (await this.#find(seal)).fingerprint });
  }

  /** The seal that this machine expects. */
  getExpected(): KnownSeal | undefined {
    return this.#mark.read();
  }

  /** Asks each time, so that an identity that was taken away is not used any longer. */
  async #find(seal: Seal): Promise<SealCodec> {
    try {
      const dataKey = await this.#openSeal(seal);
      const known = this.#codecs.get(seal.key);
      if (known !== undefined && Buffer.compare(known.dataKey, dataKey) === 0) return known.codec;
      const codec = new SealCodec(dataKey);
      this.#codecs.set(seal.key, { dataKey, codec });
      return codec;
    } catch (error) {
      this.#codecs.clear();
      throw error;
    }
  }

  /** Anyone who can write the store can seal it for the same recipients, with a data key that they know. */
  #check(seal: Seal, codec: SealCodec): SealCodec {
    const known = this.#mark.read();
    if (known !== undefined && known.fingerprint !== codec.fingerprint) throw createReplacedError();
    if (known?.key !== seal.key) this.#mark.write({ ...seal, fingerprint: codec.fingerprint });
    return codec;
  }
}

/** The error of a sealed store for which no identity is known. */
export function createIdentityNeededError(cause?: unknown): AuthError {
  return new AuthError('identity_needed', 'The store is sealed, and no identity to open it is configured.', {
    hint: "Run: mcp-auth config identity-file FILE     or: mcp-auth config identity-command 'COMMAND'     or: mcp-auth agent unlock     In a container, set MCP_AUTH_IDENTITY_FILE.",
    cause,
  });
}

function createRemovedError(): Error {
  return createSealBrokenError(
    'The store was sealed, and another program has removed its seal. Nothing was read or written.',
    'To seal it again, run: mcp-auth seal     If you have unsealed it on another machine, run: mcp-auth unseal',
  );
}

function createReplacedError(): Error {
  return createSealBrokenError(
    'The seal of the store has another data key than this machine knows.',
    'If you have removed a recipient on another machine, run: mcp-auth seal --accept     Otherwise another program has replaced it: restore a backup.',
  );
}
