/**
 * Which PostgreSQL error stands for which of DuckDB's. A rule names DuckDB's exception type and
 * subtype wherever it has them; only where one type covers several conditions does the wording
 * decide, and every such wording is in these tables and in their test.
 */
import type { Condition } from "../core/sqlstate.ts";
import type { DuckdbException, Rule, Translation } from "./error-rule.ts";
import { NAME_RULES } from "./error-rules-names.ts";
import { VALUE_RULES } from "./error-rules-values.ts";
import { WRITE_RULES } from "./error-rules-writes.ts";

/** The first rule that matches decides. */
const RULES: readonly Rule[] = [...WRITE_RULES, ...NAME_RULES, ...VALUE_RULES];

/** What remains when no rule has matched. */
const FALLBACKS: Readonly<Record<string, Condition>> = {
  Binder: "syntax_error_or_access_rule_violation",
  Catalog: "undefined_object",
  Conversion: "invalid_text_representation",
  "Invalid Input": "invalid_parameter_value",
  Syntax: "syntax_error",
  Sequence: "object_not_in_prerequisite_state",
  Dependency: "dependent_objects_still_exist",
  "Invalid Configuration": "invalid_parameter_value",
};

export function translateException(exception: DuckdbException): Translation {
  for (const rule of RULES) {
    if (rule.types !== undefined && !rule.types.includes(exception.exception_type)) continue;
    if (rule.subtype !== undefined && rule.subtype !== exception.error_subtype) continue;
    if (rule.entries !== undefined && !rule.entries.includes(exception.type ?? "")) continue;
    const match = rule.text?.exec(exception.exception_message);
    if (match === null) continue;
    if (typeof rule.to === "string") return { condition: rule.to };
    return rule.to(exception, match?.slice(1) ?? []);
  }
  return { condition: FALLBACKS[exception.exception_type] ?? "internal_error" };
}
