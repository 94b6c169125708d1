-- The database of a store of mcp-auth, and a role that may use this store only. docs/fleet.md has the same text.
-- Run it once as a superuser: psql -f postgres.sql
-- Then give the role its password: psql -c '\password mcp_auth'
CREATE ROLE mcp_auth LOGIN;
CREATE DATABASE mcp_auth;
REVOKE ALL ON DATABASE mcp_auth FROM PUBLIC;
GRANT CONNECT ON DATABASE mcp_auth TO mcp_auth;
\connect mcp_auth
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SEQUENCE IF NOT EXISTS mcp_auth_versions;
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
);
GRANT USAGE ON SEQUENCE mcp_auth_versions TO mcp_auth;
GRANT SELECT, INSERT, UPDATE, DELETE ON mcp_auth_rows, mcp_auth_leases TO mcp_auth;
