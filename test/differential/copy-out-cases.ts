/**
 * What COPY TO STDOUT is asked for, of values that need care. Recorded from PostgreSQL and compared
 * twice: with the engine, which answers what has to do with a table, and with the catalogs' PostgreSQL,
 * which answers the rest.
 */
const NASTY = `SELECT v.* FROM (VALUES
  (1::int4, 'plain'::text, 1.50::numeric(12,2), 0.1::float8, true, DATE '2024-02-29', TIMESTAMP '2024-02-29 12:34:56.789', TIMESTAMPTZ '2024-02-29 12:34:56+02', INTERVAL '1 year 2 days 03:04:05', '\\x00ff5c'::bytea, ARRAY['a,b', NULL, 'x"y', 'back\\slash'], ARRAY[1, NULL, 3]),
  (2, E'tab\\there', -0.01, 1e300, false, DATE '0001-01-01', TIMESTAMP '1969-12-31 23:59:59.999999', TIMESTAMPTZ '1999-12-31 23:59:59Z', INTERVAL '-1 day', '\\x'::bytea, ARRAY[]::text[], ARRAY[]::int4[]),
  (3, E'two\\nlines', 0.00, 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, E'carriage\\rreturn', 9999999999.99, '-Infinity', true, DATE '9999-12-31', TIMESTAMP '2024-01-01 00:00:00', TIMESTAMPTZ '2024-07-01 00:00:00Z', INTERVAL '00:00:00', '\\x0a0d09'::bytea, ARRAY[E'new\\nline'], ARRAY[-1]),
  (5, 'back\\slash', 5.00, -0.0, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (6, 'quote" and ''apostrophe''', 6.00, 1, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (7, 'comma, semi; pipe|', 7.00, 1, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (8, '', 8.00, 1, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (9, '\\.', 9.00, 1, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (10, '\\N', 10.00, 1, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (11, 'NULL', 11.00, 1, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (12, 'größer', 12.00, 1, true, NULL, NULL, NULL, NULL, NULL, ARRAY['größer'], NULL),
  (13, E'\\b\\f\\x0b', 13.00, 1, true, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
) AS v(id, note, amount, ratio, ok, day, at, instant, span, bytes, texts, numbers)`;

const ALONE = `SELECT v.* FROM (VALUES ('\\.'), (''), ('a'), (NULL), ('\\.x'), ('"'), ('x y')) AS v("a ""name"", odd")`;
const EMOJI = `SELECT v.* FROM (VALUES (1, '😀 €')) AS v(id, note)`;

/** What stands in front of TO STDOUT, in brackets, and what behind it. */
export const COPY_OUT_CASES: readonly (readonly [query: string, options: string])[] = [
  ...[
    "",
    "(FORMAT text)",
    "(HEADER)",
    "(DELIMITER '|', NULL '')",
    "(DELIMITER ',', NULL 'NULL', HEADER true)",
    "(NULL 'größer')",
    "(FORMAT csv)",
    "(FORMAT csv, HEADER)",
    "(FORMAT csv, DELIMITER ';', QUOTE '''')",
    "(FORMAT csv, DELIMITER E'\\t', NULL 'NULL', HEADER on)",
    "(FORMAT csv, QUOTE '''', ESCAPE '\\')",
    "(FORMAT csv, ESCAPE '\\')",
    "(FORMAT csv, FORCE_QUOTE *)",
    "(FORMAT csv, FORCE_QUOTE (note, day, id))",
    "(FORMAT csv, NULL '1')",
    "(FORMAT csv, DELIMITER '-')",
    "(FORMAT csv, ENCODING 'LATIN1', HEADER)",
    "(ENCODING 'LATIN1')",
    "(ENCODING 'UTF8')",
    "(FORMAT binary)",
    "CSV HEADER",
    "WITH CSV DELIMITER ';' NULL AS 'n' QUOTE '''' FORCE QUOTE note, ok",
    "DELIMITER AS '|' NULL AS 'x'",
    "WITH BINARY",
  ].map((options) => [NASTY, options] as const),
  ...["", "(HEADER)", "(FORMAT csv)", "(FORMAT csv, HEADER)", "(FORMAT csv, FORCE_QUOTE *)"].map(
    (options) => [ALONE, options] as const,
  ),
  ...["", "(ENCODING 'WIN1252')", "(ENCODING 'LATIN9')", "(FORMAT csv)", "(FORMAT binary)"].map(
    (options) => [EMOJI, options] as const,
  ),
  ["SELECT 1 AS a WHERE false", ""],
  ["SELECT 1 AS a WHERE false", "(FORMAT csv, HEADER)"],
  ["SELECT 1 AS a WHERE false", "(FORMAT binary)"],
  ["SELECT 1 AS a", "(FORMAT csv, FORCE_QUOTE (b))"],
  ["SELECT nope", ""],
];
