/**
 * What makes a DuckDB instance answer as PostgreSQL does, besides the translation of each statement:
 * settings, and macros in schema main, where every search path ends. They also serve statements in
 * DuckDB's own grammar, which nobody translates.
 */

/** To be run before the macros: the text of a macro is read under these settings. */
export const ENGINE_SETTINGS: readonly string[] = [
  // 7/2 is 3.
  "SET GLOBAL integer_division = true",
  "SET integer_division = true",
  // NULL is larger than everything.
  "SET GLOBAL default_null_order = 'nulls_last_on_asc_first_on_desc'",
  "SET default_null_order = 'nulls_last_on_asc_first_on_desc'",
  // A name without quotes is in lower case.
  "SET GLOBAL preserve_identifier_case = false",
];

interface Macro {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly body: string;
}

/**
 * Macros have no types: one that has would take others' arguments too, by conversion. Where the
 * answer depends on the type, typeof() tells it, and every branch must be valid for all.
 */
const MACROS: readonly Macro[] = [
  // Operators. The original is called by its full name.
  macro(
    "//(a, b)",
    `CASE WHEN b = 0 THEN error('division by zero') ELSE system.main."//"(a, b) END`,
  ),
  macro("/(a, b)", `CASE WHEN b = 0 THEN error('division by zero') ELSE system.main."/"(a, b) END`),
  macro("%(a, b)", `CASE WHEN b = 0 THEN error('division by zero') ELSE system.main."%"(a, b) END`),
  // A float8 is rounded to the even neighbour, a numeric away from zero.
  macro(
    "round(x)",
    `system.main.round(x) - CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') AND abs(x - trunc(x)) = 0.5
      AND system.main."%"(abs(system.main.round(x)), 2) <> 0 THEN sign(x) ELSE 0 END`,
  ),
  macro("round(x, digits)", "system.main.round(x, digits)"),
  macro("div(a, b)", "trunc(CAST(a AS DOUBLE) / b)"),
  macro("pg_trunc(x, digits)", "sign(x) * floor(abs(x) * power(10, digits)) / power(10, digits)"),
  macro(
    "width_bucket(x, low, high, buckets)",
    `CAST(CASE WHEN x < low THEN 0 WHEN x >= high THEN buckets + 1
      ELSE floor(CAST(x - low AS DOUBLE) * buckets / CAST(high - low AS DOUBLE)) + 1 END AS INTEGER)`,
  ),

  // Text.
  macro(
    "pg_text(x)",
    `CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN replace(replace(regexp_replace(CAST(x AS VARCHAR), '\\.0$', ''), 'inf', 'Infinity'), 'nan', 'NaN')
      WHEN typeof(x) = 'INTERVAL' THEN regexp_replace(CAST(x AS VARCHAR), 'month', 'mon')
      WHEN typeof(x) LIKE '%[]' THEN translate(replace(CAST(x AS VARCHAR), ', ', ','), '[]', '{}')
      ELSE CAST(x AS VARCHAR) END`,
  ),
  // As a result column prints it: a Boolean is t or f.
  macro(
    "pg_output(x)",
    "CASE WHEN typeof(x) = 'BOOLEAN' THEN left(CAST(x AS VARCHAR), 1) ELSE pg_text(x) END",
  ),
  macro(
    "pg_array_text(list)",
    `'{' || array_to_string(list_transform(CAST(list AS VARCHAR[]), lambda one: CASE WHEN one IS NULL THEN 'NULL'
      WHEN regexp_matches(one, '^$|[{}",\\\\\\s]|^(?i:null)$') THEN '"' || regexp_replace(one, '(["\\\\])', '\\\\\\1', 'g') || '"' ELSE one END), ',') || '}'`,
  ),
  macro(
    "pg_ordinal(digits)",
    "CASE WHEN digits LIKE '%11' OR digits LIKE '%12' OR digits LIKE '%13' THEN 'th' WHEN digits LIKE '%1' THEN 'st' WHEN digits LIKE '%2' THEN 'nd' WHEN digits LIKE '%3' THEN 'rd' ELSE 'th' END",
  ),
  macro(
    "initcap(s)",
    `array_to_string(list_transform(regexp_extract_all(s, '[\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+'), lambda word: upper(left(word, 1)) || lower(substr(word, 2))), '')`,
  ),
  macro("pg_substring(s, start)", "system.main.substring(s, greatest(start, 1))"),
  macro(
    "pg_substring(s, start, count)",
    "system.main.substring(s, greatest(start, 1), greatest(count + least(start - 1, 0), 0))",
  ),
  macro("overlay(s, part, start)", "left(s, start - 1) || part || substr(s, start + length(part))"),
  macro("overlay(s, part, start, count)", "left(s, start - 1) || part || substr(s, start + count)"),
  macro(
    "quote_ident(s)",
    `CASE WHEN regexp_full_match(s, '[a-z_][a-z0-9_]*') THEN s ELSE '"' || replace(s, '"', '""') || '"' END`,
  ),
  macro("quote_literal(s)", "'''' || replace(pg_text(s), '''', '''''') || ''''"),
  macro("quote_nullable(s)", "coalesce(quote_literal(s), 'NULL')"),
  macro(
    "pg_pad(s, width, at_right)",
    "CASE WHEN length(s) >= width THEN s WHEN at_right THEN rpad(s, width, ' ') ELSE lpad(s, width, ' ') END",
  ),
  macro("pg_client_encoding()", "'UTF8'"),
  macro(
    "string_to_array(s, separator, null_text)",
    "list_transform(string_to_array(s, separator), lambda part: nullif(part, null_text))",
  ),
  macro("string_to_array(s, separator)", "system.main.string_to_array(s, separator)"),
  macro(
    "regexp_instr(s, pattern)",
    "CASE WHEN regexp_matches(s, pattern, 's') THEN CAST(strpos(s, regexp_extract(s, pattern, 0, 's')) AS INTEGER) ELSE 0 END",
  ),
  macro(
    "pg_similar_pattern(pattern)",
    `'^(?:' || replace(replace(replace(regexp_replace(pattern, '[\\\\.^$]', '\\\\\\0', 'g'), '(', '(?:'), '%', '.*'), '_', '.') || ')$'`,
  ),
  ...["like", "ilike"].flatMap((kind) => [
    macro(
      `pg_${kind}_any(s, patterns)`,
      `len(list_filter(patterns, lambda pattern: ${kind}_escape(s, pattern, '\\'))) > 0`,
    ),
    macro(
      `pg_${kind}_all(s, patterns)`,
      `len(list_filter(patterns, lambda pattern: ${kind}_escape(s, pattern, '\\'))) = len(patterns)`,
    ),
  ]),
  ...[
    ["regex", "s"],
    ["iregex", "is"],
  ].flatMap(([kind, flags]) => [
    macro(
      `pg_${kind}_any(s, patterns)`,
      `len(list_filter(patterns, lambda pattern: regexp_matches(s, pattern, '${flags}'))) > 0`,
    ),
    macro(
      `pg_${kind}_all(s, patterns)`,
      `len(list_filter(patterns, lambda pattern: regexp_matches(s, pattern, '${flags}'))) = len(patterns)`,
    ),
  ]),
  macro("pg_lists_of(lists)", "list_transform(lists[1], lambda one: [one])"),
  macro(
    "pg_zipped(lists)",
    "list_transform(range(1, len(lists[1]) + 1), lambda i: list_transform(lists, lambda one: one[i]))",
  ),

  // Numbers as text: to_char() hands its template over in parts.
  macro(
    "pg_sign(negative, sign, before)",
    "CASE WHEN sign = 'after' THEN '' WHEN negative THEN '-' WHEN sign = 'plus' THEN '+' ELSE '' END || before",
  ),
  macro(
    "pg_signed(body, overflows, negative, width, blank, sign, before)",
    `CASE WHEN overflows THEN ' ' || repeat('#', width)
      ELSE CASE WHEN blank = '' THEN pg_sign(negative, sign, before) || body
        ELSE before || lpad(pg_sign(negative, sign, '') || body, CAST(width + CASE WHEN sign = 'after' THEN 0 ELSE 1 END AS INTEGER), ' ') END
      END || CASE WHEN sign = 'after' THEN CASE WHEN negative THEN '-' ELSE blank END ELSE '' END`,
  ),
  macro(
    "pg_whole(body, zeros, keep, point, blank)",
    `regexp_replace(regexp_replace(CASE WHEN blank = '' AND point <> '' THEN regexp_replace(body, '(\\.\\d{' || keep || '}\\d*?)0*$', '\\1') ELSE body END,
      CASE WHEN zeros = 0 AND point <> '' THEN '^0\\.' ELSE '^$' END, '.'), '^\\.$', '0.')`,
  ),
  macro(
    "pg_to_char(x, template, scale, width, digits, zeros, keep, point, blank, sign, before, after)",
    `pg_signed(
      pg_whole(format(template, abs(CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN CAST(x AS DOUBLE)
        ELSE CAST(system.main.round(x, scale) AS DOUBLE) END)), zeros, keep, point, blank),
      abs(x) >= power(10, digits), system.main.round(x, scale) < 0, width, blank, sign, before) || after`,
  ),

  // Arrays.
  macro("pg_subscript(i)", "CASE WHEN i > 0 THEN i END"),
  macro(
    "pg_array_length(list, dimension)",
    "CASE WHEN dimension = 1 THEN CAST(nullif(len(list), 0) AS INTEGER) END",
  ),
  macro("pg_array_lower(list, dimension)", "CASE WHEN dimension = 1 AND len(list) > 0 THEN 1 END"),
  macro(
    "array_remove(list, element)",
    "list_filter(list, lambda one: one IS DISTINCT FROM element)",
  ),
  macro(
    "array_replace(list, old, new)",
    "list_transform(list, lambda one: CASE WHEN one IS NOT DISTINCT FROM old THEN new ELSE one END)",
  ),
  macro("pg_array_fill(value, count)", "list_transform(range(count), lambda i: value)"),
  macro(
    "array_positions(list, element)",
    "list_filter(range(1, len(list) + 1), lambda i: list[i] IS NOT DISTINCT FROM element)",
  ),
  macro("trim_array(list, count)", "list[1:len(list) - count]"),
  macro(
    "pg_array_to_string(list, separator, null_text)",
    "array_to_string(list_transform(list, lambda one: coalesce(CAST(one AS VARCHAR), null_text)), separator)",
  ),

  // JSON.
  macro(
    "pg_json_typeof(j)",
    `CASE json_type(j) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string'
      WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE CASE WHEN j IS NOT NULL THEN 'number' END END`,
  ),
  macro(
    "pg_json_path(keys)",
    `'$' || array_to_string(list_transform(keys, lambda key: CASE WHEN regexp_full_match(key, '[0-9]+') THEN '[' || key || ']' ELSE '."' || key || '"' END), '')`,
  ),
  macro(
    "pg_json_has(j, key)",
    "CASE WHEN j IS NULL THEN NULL ELSE CASE json_type(j) WHEN 'OBJECT' THEN list_contains(json_keys(j), key) WHEN 'ARRAY' THEN json_contains(j, to_json(key)) ELSE coalesce(json_extract_string(j, '$') = key, false) END END",
  ),
  macro(
    "pg_json_has_any(j, keys)",
    "CASE WHEN j IS NOT NULL THEN len(list_filter(keys, lambda key: pg_json_has(j, key))) > 0 END",
  ),
  macro(
    "pg_json_has_all(j, keys)",
    "CASE WHEN j IS NOT NULL THEN len(list_filter(keys, lambda key: pg_json_has(j, key))) = len(keys) END",
  ),
  macro(
    "pg_json_values(j)",
    `list_transform(json_keys(j), lambda key: json_extract(j, '$."' || key || '"'))`,
  ),
  macro(
    "pg_json_texts(j)",
    `list_transform(json_keys(j), lambda key: json_extract_string(j, '$."' || key || '"'))`,
  ),

  // Dates and times.
  macro(
    "date_bin(stride, moment, origin)",
    "time_bucket(CAST(stride AS INTERVAL), moment, origin)",
  ),
  macro(
    "pg_overlaps(a, b, c, d)",
    "(least(a, b) < greatest(c, d) AND least(c, d) < greatest(a, b)) OR least(a, b) = least(c, d)",
  ),
  macro(
    "pg_timestamp_round(moment, unit)",
    "date_trunc(unit, moment + CASE unit WHEN 'second' THEN INTERVAL '500 milliseconds' ELSE INTERVAL '500 microseconds' END)",
  ),
  macro("pg_months(i)", "date_part('year', i) * 12 + date_part('month', i)"),
  macro(
    "pg_micros(i)",
    "(date_part('hour', i) * 60 + date_part('minute', i)) * 60000000 + date_part('microsecond', i)",
  ),
  macro(
    "pg_interval(months, days, micros)",
    "to_months(CAST(months AS INTEGER)) + to_days(CAST(days AS INTEGER)) + to_microseconds(CAST(micros AS BIGINT))",
  ),
  macro(
    "justify_days(i)",
    "pg_interval(pg_months(i) + date_part('day', i) // 30, date_part('day', i) % 30, pg_micros(i))",
  ),
  macro(
    "justify_hours(i)",
    "pg_interval(pg_months(i), date_part('day', i) + pg_micros(i) // 86400000000, pg_micros(i) % 86400000000)",
  ),
];

function macro(signature: string, body: string): Macro {
  const [, name = "", parameters = ""] = /^(.+?)\(([^)]*)\)$/.exec(signature) ?? [];
  return { name, parameters: parameters.split(", ").filter((parameter) => parameter !== ""), body };
}

/** CREATE MACRO statements, in an order in which each finds those it uses. */
export const ENGINE_MACROS: readonly string[] = [...new Set(MACROS.map(({ name }) => name))].map(
  (name) => {
    const overloads = MACROS.filter((one) => one.name === name);
    return `CREATE MACRO main."${name}"${overloads.map(({ parameters, body }) => `(${parameters.join(", ")}) AS ${body}`).join(", ")}`;
  },
);

/** Macros that only translations call. */
export const OWN_MACROS: ReadonlySet<string> = new Set(
  MACROS.map(({ name }) => name).filter((name) => name.startsWith("pg_")),
);

/** DuckDB's own macros that write an argument down more than once. */
const BUILT_IN: readonly (readonly [name: string, weight: number])[] = [
  ["nullif", 2],
  ["fmod", 2],
  ["fdiv", 2],
  ["roundbankers", 5],
  ["round_even", 5],
];

/**
 * How often a macro writes down its argument, by name: macros inside macros multiply, and a few
 * levels of them would keep the planner busy for minutes.
 */
export const MACRO_WEIGHTS: ReadonlyMap<string, number> = new Map([
  ...BUILT_IN,
  ...MACROS.map(
    ({ name }) =>
      [name, Math.max(...MACROS.filter((one) => one.name === name).map(weightOf))] as const,
  ),
]);

function weightOf({ parameters, body }: Macro): number {
  const uses = parameters.map(
    (parameter) => body.match(new RegExp(`\\b${parameter}\\b`, "g"))?.length ?? 0,
  );
  return Math.max(1, ...uses);
}
