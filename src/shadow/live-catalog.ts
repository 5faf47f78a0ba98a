/**
 * What of PostgreSQL's catalog is the gateway's to know: who is connected, what they do, and what a
 * session has prepared and listens to. The gateway hands it over as JSON in settings of its own
 * (session-state.ts), out of which views and functions under PostgreSQL's names are made.
 */

/** A session's own facts, for as long as it owns the instance: LiveSession as JSON. */
export const FACTS_SETTING = "bucketgres.session";
/** What changes with every statement of anyone; there only for statements that may ask for it. */
export const LIVE_SETTING = "bucketgres.live";
/** The SQLSTATE of a notice that is no notice: its message is a ShadowEffect as JSON. */
export const EFFECT_SQLSTATE = "BG001";

/** What of LIVE_SETTING's names a statement mentions, be it by a tool's own view of them. */
const LIVE_NAMES =
  /pg_stat_(activity|ssl|gssapi)|pg_prepared_statements|pg_listening_channels|pg_(cancel|terminate)_backend/i;

export function asksForLive(sql: string): boolean {
  return LIVE_NAMES.test(sql);
}

const FACTS = settingAsJson(FACTS_SETTING);
const LIVE = settingAsJson(LIVE_SETTING);

function settingAsJson(name: string): string {
  return `nullif(bucketgres_builtin_current_setting('${name}', true), '')::jsonb`;
}

function rows(name: string, columns: string): string {
  return `jsonb_to_recordset(coalesce(${LIVE} -> '${name}', '[]')) AS live (${columns})`;
}

/** Renamed before these take their names: a call goes by OID, whatever the catalog says of it. */
export const REPLACED_BY_LIVE: readonly string[] = [
  "inet_client_addr",
  "inet_client_port",
  "pg_cancel_backend",
  "pg_listening_channels",
  "pg_notify",
  "pg_postmaster_start_time",
  "pg_terminate_backend",
  "set_config",
];

const FUNCTIONS = [
  `CREATE FUNCTION pg_catalog.inet_client_addr() RETURNS inet LANGUAGE sql STABLE
   RETURN (${FACTS} ->> 'clientAddress')::inet`,
  `CREATE FUNCTION pg_catalog.inet_client_port() RETURNS integer LANGUAGE sql STABLE
   RETURN (${FACTS} ->> 'clientPort')::integer`,
  `CREATE FUNCTION pg_catalog.pg_postmaster_start_time() RETURNS timestamptz LANGUAGE sql STABLE
   RETURN (${FACTS} ->> 'serverStartedAt')::timestamptz`,
  `CREATE FUNCTION pg_catalog.pg_listening_channels() RETURNS SETOF text LANGUAGE sql VOLATILE
   BEGIN ATOMIC SELECT jsonb_array_elements_text(${LIVE} -> 'channels'); END`,
];

/** One effect, which the gateway carries out when the statement has succeeded. */
function effect(fields: string): string {
  return `RAISE NOTICE USING ERRCODE = '${EFFECT_SQLSTATE}',
    MESSAGE = pg_catalog.jsonb_build_object(${fields})::text;`;
}

function plpgsql(signature: string, result: string, body: string): string {
  return `CREATE FUNCTION pg_catalog.${signature} RETURNS ${result} LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $body$ ${body} $body$`;
}

/** Words and codes are those of PostgreSQL's signalfuncs.c. */
function signal(call: "cancel" | "terminate", denied: string): string {
  return `DECLARE is_own boolean := (SELECT live."isOwn" FROM
      ${rows("activity", '"processId" integer, "isOwn" boolean')} WHERE live."processId" = $1);
    BEGIN
      IF is_own IS NULL THEN
        RAISE WARNING 'PID % is not a PostgreSQL backend process', $1;
        RETURN false;
      END IF;
      IF NOT is_own THEN
        RAISE EXCEPTION '${denied}' USING ERRCODE = 'insufficient_privilege';
      END IF;
      ${effect(`'call', '${call}', 'processId', $1`)}
      RETURN true;
    END`;
}

export const DENIED = {
  cancel:
    "must be a member of the role whose query is being canceled or member of pg_signal_backend",
  terminate:
    "must be a member of the role whose process is being terminated or member of pg_signal_backend",
} as const;

const CALLS = [
  plpgsql("pg_cancel_backend(pid integer)", "boolean", signal("cancel", DENIED.cancel)),
  plpgsql(
    "pg_terminate_backend(pid integer, timeout bigint DEFAULT 0)",
    "boolean",
    signal("terminate", DENIED.terminate),
  ),
  plpgsql(
    "pg_notify(text, text)",
    "void",
    `BEGIN ${effect("'call', 'notify', 'channel', coalesce($1, ''), 'payload', coalesce($2, '')")} END`,
  ),
  // The rest of the statement sees the new value; the gateway checks it, and keeps it.
  `${plpgsql(
    "set_config(setting_name text, new_value text, is_local boolean)",
    "text",
    `BEGIN
      IF $1 IS NULL THEN
        RAISE EXCEPTION 'SET requires parameter name' USING ERRCODE = 'null_value_not_allowed';
      END IF;
      ${effect("'call', 'set_config', 'name', $1, 'value', $2, 'local', coalesce($3, false)")}
      PERFORM bucketgres_builtin_set_config('${FACTS_SETTING}', jsonb_set(
        coalesce(${FACTS}, '{"settings": {}}'), ARRAY['settings', lower($1)],
        to_jsonb(coalesce($2, '')))::text, false);
      RETURN coalesce($2, '');
    END`,
  )} SECURITY DEFINER`,
];

const VIEWS = [
  `CREATE OR REPLACE VIEW pg_catalog.pg_stat_activity AS
   SELECT d.oid AS datid, d.datname, live."processId" AS pid, NULL::integer AS leader_pid,
     u.oid AS usesysid, u.rolname AS usename, live."applicationName" AS application_name,
     live."clientAddress"::inet AS client_addr, NULL::text AS client_hostname,
     live."clientPort" AS client_port, live."backendStart" AS backend_start,
     live."transactionStart" AS xact_start, live."queryStart" AS query_start,
     live."stateChange" AS state_change, live."waitEventType" AS wait_event_type,
     live."waitEvent" AS wait_event, live.state, NULL::xid AS backend_xid, NULL::xid AS backend_xmin,
     NULL::bigint AS query_id, live.query, live."backendType" AS backend_type
   FROM ${rows(
     "activity",
     `"processId" integer, role text, "applicationName" text, "clientAddress" text,
     "clientPort" integer, "backendStart" timestamptz, "transactionStart" timestamptz,
     "queryStart" timestamptz, "stateChange" timestamptz, "waitEventType" text, "waitEvent" text,
     state text, query text, "backendType" text`,
   )}
   LEFT JOIN pg_database AS d ON d.datname = current_database()
   LEFT JOIN pg_authid AS u ON u.rolname = live.role`,
  `CREATE OR REPLACE VIEW pg_catalog.pg_stat_ssl AS
   SELECT live."processId" AS pid, live."sslVersion" IS NOT NULL AS ssl,
     live."sslVersion" AS version, live."sslCipher" AS cipher, live."sslBits" AS bits,
     NULL::text AS client_dn, NULL::numeric AS client_serial, NULL::text AS issuer_dn
   FROM ${rows("activity", '"processId" integer, "sslVersion" text, "sslCipher" text, "sslBits" integer, "backendType" text')}
   WHERE live."backendType" IS NOT NULL`,
  `CREATE OR REPLACE VIEW pg_catalog.pg_prepared_statements AS
   SELECT live.name, live.statement, live."preparedAt" AS prepare_time,
     ARRAY(SELECT oid::oid::regtype FROM unnest(live."parameterOids") AS oid) AS parameter_types,
     ARRAY(SELECT oid::oid::regtype FROM unnest(live."resultOids") AS oid) AS result_types,
     live."isFromSql" AS from_sql, 0::bigint AS generic_plans, 0::bigint AS custom_plans
   FROM ${rows(
     "statements",
     `name text, statement text, "preparedAt" timestamptz, "parameterOids" bigint[],
     "resultOids" bigint[], "isFromSql" boolean`,
   )}`,
];

/** One statement each, for the base catalog. */
export const LIVE_CATALOG: readonly string[] = [...FUNCTIONS, ...CALLS, ...VIEWS];

/** The value of a setting that only the gateway keeps; NULL for all others. */
export function keptByGateway(name: string): string {
  return `(${FACTS} #>> ARRAY['settings', lower(${name})])`;
}
