import { PgError } from "../core/pg-error.ts";
import type { RelationName } from "./relations.ts";

/** What no client may name in the engine, whichever grammar the statement came in. */

export interface GuardOptions {
  /** What the client calls its database: the one catalog that a name may be qualified with. */
  readonly workspace?: string;
  /** The workspace's schemas. Without them only the engine's own schemas are refused. */
  readonly schemas?: ReadonlySet<string>;
  /** Whether the catalog has such a table: then its name may look like a file's. */
  readonly isRelation?: (schema: string | undefined, name: string) => boolean;
  /** How many tables stand behind each of the session's own views. */
  readonly viewTables?: ReadonlyMap<string, number>;
}

/** Functions that may stand in FROM; all others may not. */
const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  ..."generate_series generate_subscripts range unnest regexp_matches regexp_split_to_table string_to_table".split(
    " ",
  ),
  ..."json_each json_tree json_each_text jsonb_each jsonb_each_text json_object_keys jsonb_object_keys".split(
    " ",
  ),
  ..."json_array_elements json_array_elements_text jsonb_array_elements jsonb_array_elements_text".split(
    " ",
  ),
]);

/** Ours, in schema bucketgres. */
const OWN_FUNCTIONS: ReadonlySet<string> = new Set(["profile", "correlations", "presign"]);

/**
 * Functions that reach for files, settings, secrets, other sessions, state, or that run SQL from a
 * string, and those that only waste a processor.
 */
const DENIED: ReadonlySet<string> = new Set([
  ..."query query_table json_execute_serialized_sql json_serialize_sql json_serialize_plan".split(
    " ",
  ),
  ..."json_deserialize_sql sql_auto_complete current_query current_query_id".split(" "),
  ..."current_connection_id current_transaction_id txid_current current_setting set_config getenv".split(
    " ",
  ),
  ..."getvariable write_log parse_duckdb_log_message truncate_duckdb_logs which_secret glob sniff_csv".split(
    " ",
  ),
  ..."nextval currval setval lastval setseed sleep_ms stats vector_type in_search_path get_block_size".split(
    " ",
  ),
  ..."checkpoint force_checkpoint copy_database import_database summary repeat_row storage_info".split(
    " ",
  ),
  ..."seq_scan table_info show database_list database_size metadata_info collations functions".split(
    " ",
  ),
  ..."user_agent version platform extension_versions add_parquet_key icu_calendar_names".split(" "),
]);
const DENIED_PREFIXES =
  /^(read_|scan_|duckdb_|pragma_|parquet_|arrow_scan|test_|verify_|enable_|disable_|check_peg|all_profiling|show_|lo_|dblink|__internal|sqlite_|pg_|has_|inet_)/;
/** Those that only look like them. */
const HARMLESS: ReadonlySet<string> = new Set([
  "pg_typeof",
  "pg_size_pretty",
  "pg_client_encoding",
]);

function isDenied(functionName: string): boolean {
  const name = functionName.toLowerCase();
  return !HARMLESS.has(name) && (DENIED.has(name) || DENIED_PREFIXES.test(name));
}

interface CalledFunction {
  readonly name: string;
  /** All parts before the name. */
  readonly qualifiers: readonly string[];
  readonly inFrom: boolean;
  readonly position: number | undefined;
}

export function checkFunction({ name, qualifiers, inFrom, position }: CalledFunction): void {
  const [schema] = qualifiers;
  if (qualifiers.length > 1) throw crossDatabase([...qualifiers, name], position);
  if (schema === "bucketgres") {
    if (OWN_FUNCTIONS.has(name)) return;
    throw new PgError("undefined_function", `function bucketgres.${name} does not exist`, {
      position,
    });
  }
  if (schema !== undefined)
    throw new PgError("invalid_schema_name", `schema "${schema}" does not exist`, { position });
  if (isDenied(name)) throw permissionDenied(name, position);
  if (inFrom && !TABLE_FUNCTIONS.has(name.toLowerCase())) {
    throw new PgError("feature_not_supported", `function ${name} is not supported in FROM`, {
      hint: "Functions that make rows, such as generate_series and unnest, can stand there.",
      position,
    });
  }
}

function permissionDenied(name: string, position: number | undefined): PgError {
  return new PgError("insufficient_privilege", `permission denied for function ${name}`, {
    position,
  });
}

/** DuckDB's own schemas, where its system views are. */
const ENGINE_SCHEMAS: ReadonlySet<string> = new Set([
  "main",
  "memory",
  "system",
  "temp",
  "pg_catalog",
  "information_schema",
  "pg_temp",
  "pg_toast",
]);
/** System views of DuckDB that it finds without a schema. */
const ENGINE_VIEWS = /^(duckdb_|pragma_|sqlite_)/i;
/** DuckDB opens a file when a table of that name does not exist. */
const LOOKS_LIKE_A_FILE = /[./\\:*?[\]]/;

export function checkRelation(
  relation: RelationName,
  position: number | undefined,
  options: GuardOptions,
): void {
  const { catalog, schema, name } = relation;
  if (catalog !== undefined && catalog !== options.workspace) {
    throw crossDatabase([catalog, schema ?? "", name], position);
  }
  if (options.isRelation?.(schema, name) === true) return;
  const known =
    schema === undefined ||
    (options.schemas?.has(schema) ?? !ENGINE_SCHEMAS.has(schema.toLowerCase()));
  if (known && !ENGINE_VIEWS.test(name) && !LOOKS_LIKE_A_FILE.test(name)) return;
  throw new PgError(
    "undefined_table",
    `relation "${schema === undefined ? name : `${schema}.${name}`}" does not exist`,
    {
      hint: "List this workspace's tables with: SELECT table_name FROM information_schema.tables.",
      position,
    },
  );
}

/** PostgreSQL's own words for a name with a foreign database in front. */
function crossDatabase(names: readonly string[], position: number | undefined): PgError {
  return new PgError(
    "feature_not_supported",
    `cross-database references are not implemented: ${names.join(".")}`,
    {
      position,
    },
  );
}
