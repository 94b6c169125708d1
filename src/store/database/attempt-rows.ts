/** Two-step logins in a database, so that another machine can finish one. */
import { formatAttempt, openAttempt, parseAttempt, type AttemptFile } from '../attempts.js';
import type { Engine, Row, RowChange } from '../engines/engine.js';
import type { SealCodec } from '../seal/codec.js';

export class AttemptRows {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async add(attempt: AttemptFile, codec: SealCodec | undefined): Promise<void> {
    const value = formatAttempt(attempt, codec);
    await this.#engine.write([{ kind: 'attempt', key: attempt.attempt, version: undefined, value }]);
  }

  /** Those that have not expired by `now`, newest first. Deletes the expired ones. */
  async read(now: number, codec: SealCodec | undefined): Promise<AttemptFile[]> {
    const found = (await this.#readRows()).flatMap((row) => {
      const attempt = parseAttempt(row.value);
      return attempt === undefined ? [] : [{ row, attempt }];
    });
    const isOver = ({ attempt }: { attempt: AttemptFile }) => attempt.expires_at * 1000 <= now;
    await this.#delete(found.filter(isOver).map(({ row }) => row));
    const usable = found.filter((one) => !isOver(one)).flatMap(({ attempt }) => openAttempt(attempt, codec));
    return usable.sort((one, other) => other.started_at - one.started_at);
  }

  async has(attempt: string): Promise<boolean> {
    return (await this.#readRows(attempt)).length > 0;
  }

  async remove(attempt: string): Promise<void> {
    await this.#delete(await this.#readRows(attempt));
  }

  /** What has to be written when the seal changes. What cannot be opened stays as it is, and expires. */
  async findChanges({ before, after }: { before: SealCodec | undefined; after: SealCodec | undefined }): Promise<RowChange[]> {
    return (await this.#readRows()).flatMap(({ kind, key, version, value }) => {
      const parsed = parseAttempt(value);
      const [attempt] = parsed === undefined ? [] : openAttempt(parsed, before);
      return attempt === undefined ? [] : [{ kind, key, version, value: formatAttempt(attempt, after) }];
    });
  }

  async #readRows(attempt?: string): Promise<Row[]> {
    return this.#engine.read([{ kind: 'attempt', ...(attempt !== undefined && { keys: [attempt] }) }]);
  }

  /** A row that another process has changed or deleted stays as that process wants it. */
  async #delete(rows: readonly Row[]): Promise<void> {
    for (const { kind, key, version } of rows) await this.#engine.write([{ kind, key, version, value: undefined }]);
  }
}
