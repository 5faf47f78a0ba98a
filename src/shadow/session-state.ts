import { quoteIdentifier } from "../core/identifier.ts";
import { PgError } from "../core/pg-error.ts";
import { ADMIN_ROLE, isReservedName, SESSION_SETTING } from "./base-catalog.ts";
import { FACTS_SETTING, LIVE_SETTING } from "./live-catalog.ts";
import type { ShadowContext } from "./shadow.ts";

/**
 * The settings of a client's session that may reach the shared instance, by their lower-cased name:
 * those on which answers depend and that can neither give rights nor take resources. The client
 * encoding is not among them: this side always speaks UTF-8.
 */
const SETTINGS: ReadonlySet<string> = new Set([
  "application_name",
  "array_nulls",
  "backslash_quote",
  "bytea_output",
  "datestyle",
  "escape_string_warning",
  "extra_float_digits",
  "intervalstyle",
  "quote_all_identifiers",
  "search_path",
  "standard_conforming_strings",
  "timezone",
  "transform_null_equals",
  "xmlbinary",
  "xmloption",
]);

type Owner = Pick<ShadowContext, "role" | "session" | "settings" | "facts" | "live">;

/** Equal for two requests exactly if nothing has to be done between them. */
export function ownerKey({ role, session, settings, facts, live }: Owner): string {
  return JSON.stringify([session, role, facts, live, ...effective(settings)]);
}

/**
 * One simple query that makes the instance a session's own. PostgreSQL runs it as one transaction,
 * so that after an error nothing of it holds.
 *
 * The role comes last: settings go through set_config, which only the superuser may call, because
 * SET would read a value like `a, b` as one name.
 */
export function sessionStateSql({ session, role, settings, facts, live }: Owner): string {
  const own = new Map(effective(settings));
  if (facts !== undefined) own.set(FACTS_SETTING, facts);
  if (live !== undefined) own.set(LIVE_SETTING, live);
  const changes = [...own].map(
    ([name, value]) => `SELECT ${SET_CONFIG}(${safeLiteral(name)}, ${safeLiteral(value)}, false)`,
  );
  return [
    `SET SESSION AUTHORIZATION ${ADMIN_ROLE}`,
    "RESET ALL",
    "SELECT pg_advisory_unlock_all()",
    `SELECT ${SET_CONFIG}('${SESSION_SETTING}', '${session}', false)`,
    ...changes,
    `SET SESSION AUTHORIZATION ${quoteIdentifier(role)}`,
  ].join("; ");
}

/** PostgreSQL's own: the gateway's stands under its name. */
const SET_CONFIG = "bucketgres_builtin_set_config";

/** Refuses every role but the workspace's own members: the others that exist here have rights. */
export function checkMember(role: string, members: readonly string[]): void {
  if (members.includes(role) && !isReservedName(role)) return;
  throw new PgError("invalid_authorization_specification", `role "${role}" does not exist`);
}

function effective(settings: ReadonlyMap<string, string>): (readonly [string, string])[] {
  return [...settings]
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => SETTINGS.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * A literal that means the same whatever standard_conforming_strings is: PostgreSQL reads the whole
 * query under the previous session's setting before it runs the first part of it.
 */
function safeLiteral(text: string): string {
  return `E'${text.replaceAll("\0", "").replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
