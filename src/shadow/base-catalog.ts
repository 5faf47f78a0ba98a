import { quoteLiteral } from "../core/identifier.ts";
import { SERVER_VERSION, SERVER_VERSION_NUM, SERVER_VERSION_TEXT } from "../core/server-version.ts";
import { keptByGateway, LIVE_CATALOG, REPLACED_BY_LIVE } from "./live-catalog.ts";

/** The bootstrap superuser, under a name that no user of the gateway can have. */
export const ADMIN_ROLE = "bucketgres_admin";
/** Owns the database and all that is mirrored. Nobody can log in as it. */
export const OWNER_ROLE = "bucketgres_owner";
/** May read what the owner owns. All members of a workspace are members of it. */
export const READER_ROLE = "bucketgres_reader";
/** What initdb calls the database; a workspace's name takes its place. */
export const INITIAL_DATABASE = "postgres";

/** Role and schema names that are PostgreSQL's or ours. */
export function isReservedName(name: string): boolean {
  return /^(?:pg_|bucketgres_)/.test(name) || name === "information_schema";
}

/** Where the instance keeps the client's own process id: what pg_backend_pid() answers. */
export const SESSION_SETTING = "bucketgres.process_id";

/**
 * Built-in functions are called by their OID, whatever the catalog says of them; so the originals
 * are renamed, and functions with OIDs of their own stand under the names that clients know.
 */
const FUNCTIONS = [
  `UPDATE pg_proc SET proname = 'bucketgres_builtin_' || proname
   WHERE pronamespace = 'pg_catalog'::regnamespace
     AND proname IN ('version', 'current_setting', 'pg_backend_pid',
       ${REPLACED_BY_LIVE.map(quoteLiteral).join(", ")})`,
  `CREATE FUNCTION pg_catalog.pg_backend_pid() RETURNS integer LANGUAGE sql STABLE PARALLEL RESTRICTED
   RETURN bucketgres_builtin_current_setting('${SESSION_SETTING}', true)::integer`,
  `CREATE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
   RETURN ${quoteLiteral(SERVER_VERSION_TEXT)}::text`,
  `CREATE FUNCTION pg_catalog.current_setting(text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
   RETURN ${settingOr("$1", kept("bucketgres_builtin_current_setting($1)"))}`,
  `CREATE FUNCTION pg_catalog.current_setting(text, boolean) RETURNS text LANGUAGE sql STABLE
   PARALLEL SAFE RETURN ${settingOr("$1", kept("bucketgres_builtin_current_setting($1, $2)"))}`,
  `CREATE OR REPLACE VIEW pg_catalog.pg_settings AS
   SELECT name, ${settingOr("name", "setting")} AS setting, unit, category, short_desc, extra_desc,
     context, vartype, source, min_val, max_val, enumvals, ${settingOr("name", "boot_val")} AS boot_val,
     ${settingOr("name", "reset_val")} AS reset_val, sourcefile, sourceline, pending_restart
   FROM pg_show_all_settings()`,
  ...LIVE_CATALOG,
];

function kept(otherwise: string): string {
  return `coalesce(${keptByGateway("$1")}, ${otherwise})`;
}

function settingOr(name: string, otherwise: string): string {
  return `CASE lower(${name}) WHEN 'server_version' THEN ${quoteLiteral(SERVER_VERSION)}
    WHEN 'server_version_num' THEN ${quoteLiteral(String(SERVER_VERSION_NUM))} ELSE ${otherwise} END`;
}

/**
 * In single-user mode the authenticated user is always the superuser, so whoever can set
 * session_authorization is one. SET and DO never come here; this closes the ways by which a SELECT
 * could do the same, or leave something behind for the next session.
 */
const PRIVILEGES = [
  "REVOKE EXECUTE ON FUNCTION bucketgres_builtin_set_config(text, text, boolean) FROM PUBLIC",
  // In an instance nobody listens, and there is nobody else: live-catalog.ts has their like.
  ...[
    "pg_notify(text, text)",
    "pg_cancel_backend(integer)",
    "pg_terminate_backend(integer, bigint)",
  ].map((name) => `REVOKE EXECUTE ON FUNCTION bucketgres_builtin_${name} FROM PUBLIC`),
  ...[
    "lo_creat(integer)",
    "lo_create(oid)",
    "lo_from_bytea(oid, bytea)",
    "lo_open(oid, integer)",
    "lo_put(oid, bigint, bytea)",
    "lo_truncate(integer, integer)",
    "lo_truncate64(integer, bigint)",
    "lo_unlink(oid)",
    "lowrite(integer, bytea)",
    "pg_export_snapshot()",
    "pg_logical_emit_message(boolean, text, text, boolean)",
    "pg_logical_emit_message(boolean, text, bytea, boolean)",
    // These run SQL from a string, which nobody has looked at.
    "query_to_xml(text, boolean, boolean, text)",
    "query_to_xmlschema(text, boolean, boolean, text)",
    "query_to_xml_and_xmlschema(text, boolean, boolean, text)",
    "ts_stat(text)",
    "ts_stat(text, text)",
    "ts_rewrite(tsquery, text)",
  ].map((name) => `REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC`),
  "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
  "REVOKE USAGE ON LANGUAGE sql FROM PUBLIC",
  `REVOKE TEMPORARY ON DATABASE ${INITIAL_DATABASE} FROM PUBLIC`,
  // As initdb records its own, so that pg_dump does not take them for the workspace's.
  "DELETE FROM pg_init_privs WHERE classoid IN ('pg_proc'::regclass, 'pg_language'::regclass)",
  `INSERT INTO pg_init_privs (objoid, classoid, objsubid, privtype, initprivs)
   SELECT oid, 'pg_proc'::regclass, 0, 'i', proacl FROM pg_proc WHERE proacl IS NOT NULL
   UNION ALL
   SELECT oid, 'pg_language'::regclass, 0, 'i', lanacl FROM pg_language WHERE lanacl IS NOT NULL`,
];

/** What every shadow holds before a workspace is mirrored into it. One statement each. */
export const BASE_CATALOG: readonly string[] = [
  `CREATE ROLE ${OWNER_ROLE} NOLOGIN`,
  `CREATE ROLE ${READER_ROLE} NOLOGIN`,
  `UPDATE pg_authid SET rolname = '${ADMIN_ROLE}' WHERE oid = 10`,
  // pgAdmin asks for databases whose two locales agree; PGlite's initdb lets them differ.
  "UPDATE pg_database SET datcollate = datctype",
  `UPDATE pg_database SET datdba = '${OWNER_ROLE}'::regrole WHERE datname = '${INITIAL_DATABASE}'`,
  `ALTER DEFAULT PRIVILEGES FOR ROLE ${OWNER_ROLE} GRANT SELECT ON TABLES TO ${READER_ROLE}`,
  `ALTER DEFAULT PRIVILEGES FOR ROLE ${OWNER_ROLE} GRANT USAGE ON SCHEMAS TO ${READER_ROLE}`,
  ...FUNCTIONS,
  ...PRIVILEGES,
  "VACUUM FULL",
  "VACUUM FREEZE ANALYZE",
  "CHECKPOINT",
];
