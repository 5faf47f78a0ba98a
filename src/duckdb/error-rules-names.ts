/** Errors in what a statement says: its syntax, the names in it, how its parts go together. */
import type { Condition } from "../core/sqlstate.ts";
import { type DuckdbException, type Rule, type Translation, to, typeName } from "./error-rule.ts";

const CATALOG = ["Catalog"];
const BINDER = ["Binder"];
const FUNCTION_KINDS = [
  "Scalar Function",
  "Aggregate Function",
  "Table Function",
  "Macro Function",
];

export const NAME_RULES: readonly Rule[] = [
  { types: ["INTERRUPT"], to: to("query_canceled", "canceling statement due to user request") },

  { types: ["Parser"], text: /^memory exhausted/, to: "statement_too_complex" },
  {
    text: /^Max expression depth limit/,
    to: to("statement_too_complex", "the statement is nested too deeply"),
  },
  { types: ["Parser"], text: /^window functions are not allowed/, to: "windowing_error" },
  { types: ["Parser"], to: "syntax_error" },

  {
    types: CATALOG,
    subtype: "MISSING_ENTRY",
    entries: ["Table", "View"],
    to: (e) => missing("undefined_table", `relation "${e.name}" does not exist`, "table", e),
  },
  {
    types: CATALOG,
    text: /^Table with name "(.*)" does not exist because schema/,
    to: (_, [name]) => ({
      condition: "undefined_table",
      message: `relation "${name}" does not exist`,
    }),
  },
  {
    types: CATALOG,
    subtype: "MISSING_ENTRY",
    entries: FUNCTION_KINDS,
    to: (e) => missing("undefined_function", `function ${e.name} does not exist`, "function", e),
  },
  {
    types: CATALOG,
    subtype: "MISSING_ENTRY",
    entries: ["Type"],
    to: (e) => ({ condition: "undefined_object", message: `type "${e.name}" does not exist` }),
  },
  {
    types: CATALOG,
    text: /^Schema with name (.*) does not exist/,
    to: (_, [name]) => ({
      condition: "invalid_schema_name",
      message: `schema "${name}" does not exist`,
    }),
  },
  {
    types: CATALOG,
    text: /^unrecognized configuration parameter ".*"/,
    to: "undefined_object",
  },
  { types: CATALOG, subtype: "MISSING_ENTRY", to: "undefined_object" },
  {
    types: BINDER,
    text: /^Catalog "(.*)" does not exist/,
    to: (_, [name]) => ({
      condition: "invalid_catalog_name",
      message: `database "${name}" does not exist`,
    }),
  },
  {
    types: CATALOG,
    subtype: "ENTRY_ALREADY_EXISTS",
    entries: ["Schema"],
    to: (e) => ({ condition: "duplicate_schema", message: `schema "${e.name}" already exists` }),
  },
  {
    types: CATALOG,
    subtype: "ENTRY_ALREADY_EXISTS",
    entries: FUNCTION_KINDS,
    to: (e) => ({ condition: "duplicate_function", message: `function ${e.name} already exists` }),
  },
  {
    types: CATALOG,
    subtype: "ENTRY_ALREADY_EXISTS",
    entries: ["Type"],
    to: (e) => ({ condition: "duplicate_object", message: `type "${e.name}" already exists` }),
  },
  {
    types: CATALOG,
    subtype: "ENTRY_ALREADY_EXISTS",
    to: (e) => ({ condition: "duplicate_table", message: `relation "${e.name}" already exists` }),
  },
  {
    types: CATALOG,
    text: /^Column with name (.*) already exists/,
    to: (_, [name]) => ({
      condition: "duplicate_column",
      message: `column "${name}" specified more than once`,
    }),
  },
  { types: CATALOG, text: /^Existing object .* is of type/, to: "wrong_object_type" },

  {
    types: BINDER,
    subtype: "COLUMN_NOT_FOUND",
    to: (e) => missing("undefined_column", `column "${e.name}" does not exist`, "column", e),
  },
  {
    types: BINDER,
    text: /^Table "(.*)" does not have a column (?:named|with name) "(.*)"/,
    to: (e, [table, column]) =>
      missing("undefined_column", `column ${table}.${column} does not exist`, "column", e),
  },
  {
    types: BINDER,
    text: /^Referenced update column (.*) not found in table/,
    to: (e, [name]) => missing("undefined_column", `column "${name}" does not exist`, "column", e),
  },
  {
    types: BINDER,
    text: /^Column "(.*)" in (?:EXCLUDE|REPLACE|RENAME) list not found/,
    to: (_, [name]) => ({
      condition: "undefined_column",
      message: `column "${name}" does not exist`,
    }),
  },
  {
    types: BINDER,
    text: /^Referenced table "(.*)" not found/,
    to: (e, [name]) =>
      missing("undefined_table", `missing FROM-clause entry for table "${name}"`, "table", e),
  },
  {
    types: BINDER,
    text: /^Ambiguous reference to column name "(.*?)"/,
    to: (_, [name]) => ({
      condition: "ambiguous_column",
      message: `column reference "${name}" is ambiguous`,
    }),
  },
  {
    types: BINDER,
    text: /^No function matches the given name and argument types '(.*?)'\./,
    to: (_, [call]) => noSuchFunction(call),
  },
  {
    types: BINDER,
    text: /^Could not choose a best candidate function for the function call "(.*?)"\./,
    to: (_, [call]) => ({
      condition: "ambiguous_function",
      message: `function ${signature(call)} is not unique`,
      hint: "Could not choose a best candidate function. You might need to add explicit type casts.",
    }),
  },
  {
    types: BINDER,
    text: /^column "(.*)" must appear in the GROUP BY clause/,
    to: (_, [name]) => ({
      condition: "grouping_error",
      message: `column "${name}" must appear in the GROUP BY clause or be used in an aggregate function`,
    }),
  },
  {
    types: BINDER,
    text: /^(.*) cannot contain (aggregates|window functions)/,
    to: (_, [clause, what]) =>
      what === "aggregates"
        ? {
            condition: "grouping_error",
            message: `aggregate functions are not allowed in ${clauseName(clause)}`,
          }
        : {
            condition: "windowing_error",
            message: `window functions are not allowed in ${clauseName(clause)}`,
          },
  },
  { types: BINDER, text: /^aggregate function calls cannot/, to: "grouping_error" },
  { types: BINDER, text: /^window function calls cannot/, to: "windowing_error" },
  {
    types: BINDER,
    text: /^(ORDER|GROUP BY) term out of range/,
    to: (_, [clause]) => ({
      condition: "invalid_column_reference",
      message: `${clause === "ORDER" ? "ORDER BY" : clause} position is not in select list`,
    }),
  },
  { types: BINDER, text: /^Could not ORDER BY column/, to: "invalid_column_reference" },
  {
    types: BINDER,
    text: /^table "(.*)" has (\d+) columns available but (\d+) columns specified/,
    to: "invalid_column_reference",
  },
  {
    types: BINDER,
    text: /^Subquery returns \d+ columns/,
    to: to("syntax_error", "subquery must return only one column"),
  },
  {
    types: BINDER,
    text: /^Set operations can only apply to expressions with the same number/,
    to: to("syntax_error", "each query of a set operation must have the same number of columns"),
  },
  {
    types: BINDER,
    text: /^table .* has \d+ columns but \d+ values were supplied/,
    to: "syntax_error",
  },
  { types: BINDER, text: /^DECIMAL type (?:width|scale)/, to: "invalid_parameter_value" },
  {
    types: BINDER,
    text: /^LIMIT\/OFFSET cannot be negative/,
    to: to("invalid_row_count_in_limit_clause", "LIMIT must not be negative"),
  },
  {
    types: BINDER,
    text: /^interval cannot be 0/,
    to: to("invalid_parameter_value", "step size cannot equal zero"),
  },
  {
    types: BINDER,
    text: /^Prepared statement requires database/,
    to: "object_not_in_prerequisite_state",
  },
  { types: ["Mismatch Type"], to: "datatype_mismatch" },
  { types: BINDER, text: /^UNNEST\(\) can only be applied/, to: "datatype_mismatch" },
  {
    types: ["Syntax"],
    text: /^Invalid escape string/,
    to: to("invalid_escape_sequence", "invalid escape string"),
  },
  { types: ["Parameter Not Allowed", "Parameter Not Resolved"], to: "undefined_parameter" },
  {
    types: ["Invalid Input"],
    text: /^(?:Expected \d+ parameters|Values were not provided|Parameter argument\/count mismatch)/,
    to: to(
      "protocol_violation",
      "the number of bound values does not match the statement's parameters",
    ),
  },
];

/** Neither DuckDB's own catalog nor another session's tables are what the user has mistyped. */
const INTERNAL_NAME = /^(?:pg_|duckdb_|sqlite_|pragma_)|__| or /;

function missing(
  condition: Condition,
  message: string,
  what: "table" | "column" | "function",
  exception: DuckdbException,
): Translation {
  const [candidate] =
    exception.exception_message.match(
      /(?<=^(?:Did you mean:?|Candidate [a-z]+:+(?: :)?) ")[^"]+/m,
    ) ?? [];
  const parts = candidate?.split(".").length ?? 0;
  // A qualified name is one of another schema or catalog, which may be another session's.
  const isElsewhere = parts > (what === "column" ? 2 : 1);
  if (candidate === undefined || isElsewhere || INTERNAL_NAME.test(candidate))
    return { condition, message };
  return { condition, message, hint: `Perhaps you meant to reference the ${what} "${candidate}".` };
}

function noSuchFunction(call: string | undefined): Translation {
  const [name, types] = callParts(call);
  const isOperator = /^[^a-z_"]/i.test(name);
  const kind = isOperator ? "operator" : "function";
  const [left, right] = types;
  const operation = right === undefined ? `${name} ${left}` : `${left} ${name} ${right}`;
  return {
    condition: "undefined_function",
    message: isOperator
      ? `operator does not exist: ${operation}`
      : `function ${signature(call)} does not exist`,
    hint: `No ${kind} matches the given name and argument types. You might need to add explicit type casts.`,
  };
}

/** `abs(STRING_LITERAL, DATE)` with PostgreSQL's names of the types. */
function signature(call: string | undefined): string {
  const [name, types] = callParts(call);
  return `${name}(${types.join(", ")})`;
}

function callParts(call: string | undefined): readonly [name: string, types: readonly string[]] {
  const parts = /^([\s\S]*?)\((.*)\)$/.exec(call ?? "");
  return [parts?.[1] ?? call ?? "", splitTypes(parts?.[2] ?? "").map(typeName)];
}

function splitTypes(list: string): string[] {
  return list === "" ? [] : list.split(/,\s*(?![^(]*\))/);
}

function clauseName(clause: string | undefined): string {
  return (clause ?? "").replace(/ clause$/i, "");
}
