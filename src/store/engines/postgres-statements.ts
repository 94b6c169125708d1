/** The tables of stores in PostgreSQL, and the statements on them. */
import { createHash } from 'node:crypto';

/**
 * Creates what is missing. `docs/fleet.md` has the same text, for an administrator whose roles may not create tables.
 *
 * Versions of rows and fences of leases come from one sequence, so that none returns after a row was deleted. A lease stays after it
 * has ended, for its fence. Keys are compared by their bytes: the order of other collations changes with the operating system, which
 * breaks an index. An index has no room for keys of more than 2700 bytes, so that a long key is stored as its hash, and as it is in
 * `long_key` or `long_name`.
 */
export const createTables = `CREATE SEQUENCE IF NOT EXISTS mcp_auth_versions;
CREATE TABLE IF NOT EXISTS mcp_auth_rows (
  store text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  long_key text,
  version bigint NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (store, kind, key)
);
CREATE TABLE IF NOT EXISTS mcp_auth_leases (
  store text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  long_name text,
  owner text NOT NULL,
  ends_at timestamptz NOT NULL,
  fence bigint NOT NULL,
  PRIMARY KEY (store, name)
);`;

const maxKeyBytes = 1000;
const hashPrefix = 'sha256:';

/** What a key, or the name of a lease, is stored as. */
export function toStoredKey(key: string): string {
  if (Buffer.byteLength(key) <= maxKeyBytes && !key.startsWith(hashPrefix)) return key;
  return `${hashPrefix}${createHash('sha256').update(key).digest('hex')}`;
}

/** $1 store, $2 kinds to read whole, $3 and $4 kinds and keys of single rows. */
export const selectRows = `
SELECT kind, coalesce(long_key, key) AS key, version::text AS version, value
FROM mcp_auth_rows WHERE store = $1::text AND kind = ANY($2::text[])
UNION ALL
SELECT r.kind, coalesce(r.long_key, r.key), r.version::text, r.value
FROM unnest($3::text[], $4::text[]) AS w(kind, key)
JOIN mcp_auth_rows r ON r.store = $1::text AND r.kind = w.kind AND r.key = w.key`;

/** Part of the error of `writeRows` if another process creates a row of this statement at the same moment. */
export const raceMarker = 'mcp-auth: another process has created the row';

/**
 * Makes all changes or none. $1 store; per change: $2 kinds, $3 stored keys, $4 keys, $5 versions, $6 values; $7 stored name of the
 * lease or null, $8 its fence; $9 notifications.
 *
 * The lease is locked first, so that no other process can take it until the changes are made. Then the rows that must have a version
 * are locked in the order of their keys: PostgreSQL waits for other writers and looks at the version again. A row that must not exist
 * cannot be locked: if another process inserts it at this moment, ON CONFLICT skips it, and a cast that is bound to fail undoes all.
 */
export const writeRows = `
WITH wanted AS (
  SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[]) AS w(kind, key, full_key, version, value)
), held AS (
  SELECT 1 FROM mcp_auth_leases
  WHERE store = $1::text AND name = $7::text AND fence = $8::bigint AND ends_at > clock_timestamp() FOR SHARE
), allowed AS (
  SELECT $7::text IS NULL OR EXISTS (SELECT FROM held) AS yes
), locked AS (
  SELECT 1 FROM mcp_auth_rows r JOIN wanted w ON r.kind = w.kind AND r.key = w.key AND r.version = w.version
  WHERE r.store = $1::text AND (SELECT yes FROM allowed) ORDER BY r.kind, r.key FOR UPDATE OF r
), ready AS (
  SELECT (SELECT yes FROM allowed) AND (SELECT count(*) FROM locked) = (SELECT count(version) FROM wanted)
    AND NOT EXISTS (
      SELECT FROM mcp_auth_rows r JOIN wanted w ON r.kind = w.kind AND r.key = w.key
      WHERE r.store = $1::text AND w.version IS NULL
    ) AS yes
), created AS (
  INSERT INTO mcp_auth_rows (store, kind, key, long_key, version, value)
  SELECT $1::text, kind, key, CASE WHEN key <> full_key THEN full_key END, nextval('mcp_auth_versions'), value
  FROM wanted WHERE version IS NULL AND value IS NOT NULL AND (SELECT yes FROM ready) ORDER BY kind, key
  ON CONFLICT DO NOTHING RETURNING 1
), updated AS (
  UPDATE mcp_auth_rows r SET version = nextval('mcp_auth_versions'), value = w.value FROM wanted w
  WHERE r.store = $1::text AND r.kind = w.kind AND r.key = w.key AND r.version = w.version
    AND w.value IS NOT NULL AND (SELECT yes FROM ready)
  RETURNING 1
), deleted AS (
  DELETE FROM mcp_auth_rows r USING wanted w
  WHERE r.store = $1::text AND r.kind = w.kind AND r.key = w.key AND r.version = w.version
    AND w.value IS NULL AND (SELECT yes FROM ready)
  RETURNING 1
)
SELECT CASE
  WHEN NOT (SELECT yes FROM allowed) THEN 'late'
  WHEN NOT (SELECT yes FROM ready) THEN 'changed'
  WHEN (SELECT count(*) FROM created) + (SELECT count(*) FROM updated) + (SELECT count(*) FROM deleted)
    <> (SELECT count(*) FROM wanted WHERE version IS NOT NULL OR value IS NOT NULL)
    THEN ('${raceMarker}' || (SELECT count(*) FROM wanted))::integer::text
  WHEN (SELECT count(pg_notify('mcp_auth', payload)) FROM unnest($9::text[]) AS p(payload)) >= 0 THEN 'written'
END AS result`;

const remaining = `ceil(extract(epoch FROM ends_at - clock_timestamp()) * 1000)::float8`;

/**
 * $1 store, $2 stored name, $3 name, $4 owner, $5 duration, $6 fence to take over from. One row: the lease that was taken, or the one
 * of another process, as it was when the statement began. The fence is made while the row is locked, so that it always grows.
 */
export const takeFreeLease = `
WITH taken AS (
  INSERT INTO mcp_auth_leases AS l (store, name, long_name, owner, ends_at, fence)
  VALUES ($1::text, $2::text, CASE WHEN $2::text <> $3::text THEN $3::text END, $4::text,
    clock_timestamp() + $5::float8 * interval '1 millisecond', nextval('mcp_auth_versions'))
  ON CONFLICT (store, name) DO UPDATE SET owner = excluded.owner, fence = nextval('mcp_auth_versions'),
    ends_at = clock_timestamp() + $5::float8 * interval '1 millisecond'
  WHERE l.ends_at <= clock_timestamp() OR l.fence = $6::bigint
  RETURNING fence
)
SELECT true AS is_taken, fence::text AS fence, NULL AS owner, NULL::float8 AS remaining FROM taken
UNION ALL
SELECT false, fence::text, owner, ${remaining} FROM mcp_auth_leases
WHERE store = $1::text AND name = $2::text AND NOT EXISTS (SELECT FROM taken)`;

/** $1 store, $2 stored name, $3 fence, $4 duration. A row if the lease is held. */
export const moveLeaseEnd = `
UPDATE mcp_auth_leases SET ends_at = clock_timestamp() + $4::float8 * interval '1 millisecond'
WHERE store = $1::text AND name = $2::text AND fence = $3::bigint AND ends_at > clock_timestamp() RETURNING 1`;

/** $1 store, $2 stored name, $3 fence, $4 notification. The end is long past, also for a clock that is set back. */
export const endLease = `
WITH ended AS (
  UPDATE mcp_auth_leases SET ends_at = to_timestamp(0)
  WHERE store = $1::text AND name = $2::text AND fence = $3::bigint RETURNING 1
)
SELECT pg_notify('mcp_auth', $4::text) FROM ended`;

/** $1 store. */
export const selectLeases = `
SELECT coalesce(long_name, name) AS name, owner, fence::text AS fence, ${remaining} AS remaining
FROM mcp_auth_leases WHERE store = $1::text AND ends_at > clock_timestamp() ORDER BY 1`;

export const inspectServer = `
SELECT pg_is_in_recovery() AS is_standby, current_setting('is_superuser') = 'on' AS is_superuser,
  current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync`;
