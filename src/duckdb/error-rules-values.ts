/** Errors in what a statement meets: values, limits, transactions. */
import { firstLine, type Rule, type Translation, to, typeName } from "./error-rule.ts";

const CONVERSION = ["Conversion"];

export const VALUE_RULES: readonly Rule[] = [
  {
    types: CONVERSION,
    text: /^Could not convert string ["']([\s\S]*)["'] to (?:([A-Z_0-9]+)|DECIMAL\((\d+),(\d+)\))$/,
    to: (_, [value = "", type]) => badText(value, type),
  },
  {
    types: CONVERSION,
    text: /^Type VARCHAR with value '([\s\S]*)' can't be cast to the destination type/,
    to: (_, [value]) => ({
      condition: "invalid_text_representation",
      message: `malformed literal: "${value}"`,
    }),
  },
  {
    types: ["Conversion", "Invalid Input"],
    text: /^Malformed JSON at byte \d+ of input: (.*?)\.? {2}Input:/,
    to: (_, [why]) => ({
      condition: "invalid_text_representation",
      message: `invalid input syntax for type json: ${why}`,
    }),
  },
  {
    types: CONVERSION,
    text: /hex escape code encountered in string -> blob/,
    to: to("invalid_text_representation", "invalid input syntax for type bytea"),
  },
  {
    types: CONVERSION,
    text: /string -> bit conversion/,
    to: to("invalid_text_representation", "invalid input syntax for type bit"),
  },
  {
    types: CONVERSION,
    text: /^invalid (date|time|timestamp) field format: "([\s\S]*?)"(?:,|$)/,
    to: (_, [type, value]) => ({
      condition: "invalid_datetime_format",
      message: `invalid input syntax for type ${type}: "${value}"`,
    }),
  },
  {
    types: CONVERSION,
    text: /^(date|time|timestamp) field value out of range: "([\s\S]*?)"(?:,|$)/,
    to: (_, [type, value = ""]) =>
      type === "time" && !/^\s*\d+:\d+/.test(value)
        ? {
            condition: "invalid_datetime_format",
            message: `invalid input syntax for type time: "${value}"`,
          }
        : {
            condition: "datetime_field_overflow",
            message: `date/time field value out of range: "${value}"`,
          },
  },
  {
    types: ["Conversion", "Out of Range"],
    text: /^(?:Date and time not in timestamp range|Date out of range|Time out of range|Epoch seconds out of range|Could not convert Timestamp)/i,
    to: to("datetime_field_overflow", "timestamp out of range"),
  },
  {
    types: CONVERSION,
    text: /out of range for the destination type ([A-Z0-9]+)$/,
    to: (_, [type]) => ({
      condition: "numeric_value_out_of_range",
      message: `${PG_NAMES[type ?? ""] ?? "value"} out of range`,
    }),
  },
  {
    types: CONVERSION,
    text: /^Could not cast value .* to DECIMAL/,
    to: to("numeric_value_out_of_range", "numeric field overflow"),
  },
  {
    types: CONVERSION,
    text: /^Unimplemented type for cast \((.*) -> (.*)\)/,
    to: (_, [from, target]) => ({
      condition: "cannot_coerce",
      message: `cannot cast type ${typeName(from)} to ${typeName(target)}`,
    }),
  },
  {
    types: CONVERSION,
    text: /^extract specifier "(.*)" not recognized/,
    to: (_, [unit]) => ({
      condition: "invalid_parameter_value",
      message: `unit "${unit}" not recognized for type timestamp`,
    }),
  },
  {
    types: CONVERSION,
    text: /could not convert blob to UTF8/,
    to: to("character_not_in_repertoire", 'invalid byte sequence for encoding "UTF8"'),
  },
  {
    types: ["Out of Range"],
    text: /^Overflow in .* of (U?INT\d+|DECIMAL)/,
    to: (_, [type]) => ({
      condition: "numeric_value_out_of_range",
      message: `${PG_NAMES[type ?? ""] ?? "numeric"} out of range`,
    }),
  },
  {
    types: ["Out of Range"],
    text: /square root of a negative/,
    to: to("invalid_argument_for_power_function", "cannot take square root of a negative number"),
  },
  { types: ["Out of Range"], text: /logarithm/, to: "invalid_argument_for_logarithm" },
  {
    types: ["Out of Range"],
    text: /^Cannot create a string of size/,
    to: to("program_limit_exceeded", "requested length too large"),
  },
  { types: ["Out of Range"], to: "numeric_value_out_of_range" },
  { types: ["Divide by Zero"], to: to("division_by_zero", "division by zero") },
  { text: /^division by zero$/, to: "division_by_zero" },
  {
    types: ["Invalid Input"],
    text: /^More than one row returned by a subquery/,
    to: to(
      "cardinality_violation",
      "more than one row returned by a subquery used as an expression",
    ),
  },
  {
    types: ["Invalid Input"],
    text: /^(?:missing [)\]]|unexpected \)|invalid (?:escape sequence|character class|perl operator|repetition|UTF-8)|no argument for repetition|bad repetition|trailing \\|invalid named capture|pattern too large)/,
    to: (e) => ({
      condition: "invalid_regular_expression",
      message: `invalid regular expression: ${firstLine(e.exception_message)}`,
    }),
  },
  {
    types: ["Invalid Input"],
    text: /^Argument for ntile/,
    to: to("invalid_argument_for_ntile_function", "argument of ntile must be greater than zero"),
  },
  {
    types: ["Invalid Input"],
    text: /^ACOS|^ASIN/,
    to: to("numeric_value_out_of_range", "input is out of range"),
  },
  {
    types: ["Invalid Input"],
    text: /the configuration has been locked/,
    to: "cant_change_runtime_param",
  },
  {
    types: ["Not implemented"],
    text: /^Unknown TimeZone '(.*)'/,
    to: (_, [zone]) => ({
      condition: "invalid_parameter_value",
      message: `time zone "${zone}" not recognized`,
    }),
  },

  {
    text: /failed to offload data|No space left on device/,
    to: to("disk_full", "the query needs more temporary disk space than its workspace may use"),
  },
  {
    types: ["Out of Memory"],
    to: to(
      "out_of_memory",
      "the query needs more memory than its workspace may use",
      "Select fewer columns, filter earlier, or raise limits.memory of the workspace.",
    ),
  },
  { types: ["Permission"], to: to("insufficient_privilege", "permission denied") },
  {
    types: ["IO"],
    text: /^Corrupt database file|is not a valid DuckDB database file|^Could not read enough bytes/,
    to: to(
      "data_corrupted",
      "the cached copy of a table is damaged",
      "It is checked and loaded again by itself; run the statement again in a moment.",
    ),
  },
  { types: ["IO", "HTTP"], to: "io_error" },
  {
    types: ["TransactionContext"],
    text: /conflict/i,
    to: to("serialization_failure", "could not serialize access due to concurrent update"),
  },
  {
    types: ["TransactionContext"],
    text: /aborted/i,
    to: to(
      "in_failed_sql_transaction",
      "current transaction is aborted, commands ignored until end of transaction block",
    ),
  },
  {
    types: ["TransactionContext"],
    text: /within a transaction/,
    to: to("active_sql_transaction", "there is already a transaction in progress"),
  },
  { types: ["TransactionContext"], to: "no_active_sql_transaction" },
  { types: ["Not implemented"], to: "feature_not_supported" },
  {
    types: ["INTERNAL", "FATAL"],
    to: to("internal_error", "the engine failed in an unexpected way"),
  },
];

/** DuckDB's names of physical types, which it uses in messages about casts. */
const PG_NAMES: Readonly<Record<string, string>> = {
  BOOL: "boolean",
  INT8: "smallint",
  INT16: "smallint",
  INT32: "integer",
  INT64: "bigint",
  UINT8: "smallint",
  UINT16: "integer",
  UINT32: "bigint",
  UINT64: "numeric",
  UINT128: "numeric",
  INT128: "numeric",
  FLOAT: "real",
  DOUBLE: "double precision",
  DECIMAL: "numeric",
  INTERVAL: "interval",
};

function badText(value: string, physicalType: string | undefined): Translation {
  // A UUID is kept as an INT128, and is cast from text far more often than a HUGEINT.
  const type = physicalType === "INT128" ? "uuid" : (PG_NAMES[physicalType ?? "DECIMAL"] ?? "text");
  const isNumber = /^\s*[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?\s*$/i.test(value);
  if (isNumber && physicalType === undefined) {
    return { condition: "numeric_value_out_of_range", message: "numeric field overflow" };
  }
  if (/^\s*[-+]?\d+\s*$/.test(value) && /int/.test(type)) {
    return {
      condition: "numeric_value_out_of_range",
      message: `value "${value}" is out of range for type ${type}`,
    };
  }
  return {
    condition:
      physicalType === "INTERVAL" ? "invalid_datetime_format" : "invalid_text_representation",
    message: `invalid input syntax for type ${type}: "${value}"`,
  };
}
