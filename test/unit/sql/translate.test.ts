import { beforeAll, describe, expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { mapPosition } from "../../../src/sql/map-position.ts";
import { loadParser, parseStatements } from "../../../src/sql/parse.ts";
import { StatementCache } from "../../../src/sql/statement-cache.ts";
import { type TranslateOptions, type Translation, translate } from "../../../src/sql/translate.ts";

beforeAll(loadParser);

const COLUMNS: Readonly<Record<string, string>> = {
  id: "int4",
  big: "int8",
  n: "numeric",
  f: "float8",
  s: "text",
  d: "date",
  ts: "timestamp",
  list: "text[]",
  j: "jsonb",
};

function translated(sql: string, options: Partial<TranslateOptions> = {}): Translation {
  const [statement] = parseStatements(sql);
  if (statement === undefined) throw new Error("nothing to translate");
  return translate(statement, {
    workspace: "acme",
    role: "ana",
    parameterTypes: [],
    columnType: (_schema, table, column) => (table === "t" ? COLUMNS[column] : undefined),
    ...options,
  });
}

/** The translation of one expression over table t. */
function expression(sql: string): string {
  return translated(`select ${sql} as x from t`).sql.replace(/^SELECT (.*) AS "x" FROM "t"$/, "$1");
}

function refusalOf(sql: string): PgError {
  try {
    translated(sql);
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
  throw new Error(`${sql} was translated`);
}

describe("names", () => {
  test("every one is quoted, so that none is a keyword of DuckDB", () => {
    expect(translated('select pivot, "Show", t.qualify value from t').sql).toBe(
      'SELECT "pivot", "Show", "t"."qualify" AS "value" FROM "t"',
    );
  });

  test("a quote inside stays inside", () => {
    expect(translated(`select "a""b", 'it''s', E'a\\\\b' from "x"";drop"`).sql).toBe(
      `SELECT "a""b", 'it''s' AS "?column?", 'a\\b' AS "?column?" FROM "x"";drop"`,
    );
  });

  test("the workspace's name before a schema is dropped", () => {
    expect(translated("select * from acme.public.t").sql).toBe('SELECT * FROM "public"."t"');
  });

  test.each([
    ["count(*)", "count"],
    ["pg_catalog.lower(s)", "lower"],
    ["1 + 1", "?column?"],
    ["'a'", "?column?"],
    ["s::int", "s"],
    ["1::int", "int4"],
    ["'2024-01-01'::date", "date"],
    ["date '2024-01-01'", "date"],
    ["case when id = 1 then 2 end", "case"],
    ["case when id = 1 then 2 else s end", "s"],
    ["coalesce(s, 'x')", "coalesce"],
    ["nullif(id, 1)", "nullif"],
    ["greatest(id, 1)", "greatest"],
    ["array[1]", "array"],
    ["row(1, 2)", "row"],
    ["exists (select 1 from t)", "exists"],
    ["(select max(id) from t)", "max"],
    ["(select 1 as y)", "y"],
    ["array(select id from t)", "array"],
    ["extract(year from d)", "extract"],
    ["current_date", "current_date"],
    ["list[1]", "list"],
    ["id in (1)", "?column?"],
    ["substring(s from 1 for 2)", "substring"],
    ["ts at time zone 'UTC'", "timezone"],
    ["trim(s)", "btrim"],
    ["s like 'a%'", "?column?"],
    ["sum(id) over ()", "sum"],
  ])("%s is called %s", (sql, label) => {
    expect(translated(`select ${sql} from t`).sql).toContain(` AS "${label}" FROM "t"`);
  });

  test("columns of subqueries and WITH queries have them, too", () => {
    expect(
      translated(
        "with a as (select count(*) from t) select count from a, (select max(id) from t) b",
      ).sql,
    ).toBe(
      'WITH "a" AS (SELECT "count"(*) AS "count" FROM "t") SELECT "count" FROM "a", (SELECT "max"("id") AS "max" FROM "t") AS "b"',
    );
  });

  test("columns of VALUES are column1, column2", () => {
    expect(translated("values (1, 'a'), (2, 'b')").sql).toBe(
      `SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS "*VALUES*"("column1", "column2")`,
    );
  });
});

describe("queries", () => {
  test.each([
    ["select * from t for update of t skip locked", 'SELECT * FROM "t"'],
    [
      "select id from t order by 1 desc, 2, 3 nulls first",
      'SELECT "id" FROM "t" ORDER BY 1 DESC NULLS FIRST, 2 NULLS LAST, 3 NULLS FIRST',
    ],
    [
      "select distinct on (id) s from t limit all offset 2",
      'SELECT DISTINCT ON ("id") "s" FROM "t" OFFSET 2',
    ],
    [
      "select id from t group by (id, s), rollup(d)",
      'SELECT "id" FROM "t" GROUP BY "id", "s", ROLLUP ("d")',
    ],
    [
      "select id from t union all select 1 union all (select 2 order by 1 limit 1)",
      'SELECT "id" FROM "t" UNION ALL SELECT 1 AS "?column?" UNION ALL (SELECT 2 AS "?column?" ORDER BY 1 NULLS LAST LIMIT 1)',
    ],
    [
      "select id from t union (select 1 intersect select 2)",
      'SELECT "id" FROM "t" UNION (SELECT 1 AS "?column?" INTERSECT SELECT 2 AS "?column?")',
    ],
    [
      "(select id from t union select 1) intersect select 2",
      '(SELECT "id" FROM "t" UNION SELECT 1 AS "?column?") INTERSECT SELECT 2 AS "?column?"',
    ],
    [
      "select * from t a left join (t b join t c using (id)) on a.id = b.id",
      'SELECT * FROM "t" AS "a" LEFT JOIN ("t" AS "b" JOIN "t" AS "c" USING ("id")) ON ("a"."id" = "b"."id")',
    ],
    [
      "select * from t tablesample bernoulli (10) repeatable (1)",
      'SELECT * FROM "t" TABLESAMPLE bernoulli (10 PERCENT) REPEATABLE (1)',
    ],
    [
      "select * from t where exists (select from t)",
      'SELECT * FROM "t" WHERE (EXISTS (SELECT 1 FROM "t"))',
    ],
    [
      "select sum(id) over (partition by s order by d rows between 1 preceding and unbounded following exclude current row) as x from t",
      'SELECT "sum"("id") OVER (PARTITION BY "s" ORDER BY "d" NULLS LAST ROWS BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW) AS "x" FROM "t"',
    ],
    [
      "select rank() over w as x from t window w as (order by id)",
      'SELECT "rank"() OVER "w" AS "x" FROM "t" WINDOW "w" AS (ORDER BY "id" NULLS LAST)',
    ],
    [
      "explain (analyze, format json) select id from t",
      'EXPLAIN (ANALYZE, FORMAT json) SELECT "id" FROM "t"',
    ],
    [
      "with x as not materialized (select 1 as a) select a from x, t",
      'WITH "x" AS NOT MATERIALIZED (SELECT 1 AS "a") SELECT "a" FROM "x", "t"',
    ],
  ])("%s", (sql, expected) => {
    expect(translated(sql).sql).toBe(expected);
  });

  test.each([
    [
      "select g from generate_series(1, 3) g",
      'SELECT "g" FROM "generate_series"(1, 3) AS "g"("g")',
    ],
    [
      "select generate_series(1, 3) as x from t",
      'SELECT "unnest"("generate_series"(1, 3)) AS "x" FROM "t"',
    ],
    [
      "select v from t, unnest(list) v",
      'SELECT "v" FROM "t", LATERAL (SELECT "unnest"("list") AS "v") AS "v"',
    ],
    [
      "select * from unnest(array[1], array['a']) x(a, b)",
      `SELECT * FROM LATERAL (SELECT "unnest"([1]) AS "a", "unnest"(['a']) AS "b") AS "x"`,
    ],
    [
      "select v from unnest(array[1]) with ordinality x(v, n)",
      'SELECT "v" FROM "unnest"([1]) WITH ORDINALITY AS "x"("v", "n")',
    ],
    [
      "select key from t, json_each(j)",
      'SELECT "key" FROM "t", LATERAL (SELECT "unnest"("json_keys"("j")) AS "key", "unnest"("pg_json_values"("j")) AS "value") AS "json_each"',
    ],
  ])("%s", (sql, expected) => {
    expect(translated(sql).sql).toBe(expected);
  });
});

describe("expressions", () => {
  test.each([
    // Whole numbers are divided as whole numbers, and what PostgreSQL has as numeric is not.
    ["id / 2", '("id" // 2)'],
    ["sum(big) / 2", '(CAST("sum"("big") AS DOUBLE) // 2)'],
    ["sum(id) / 2", '("sum"("id") // 2)'],
    [
      "interval '1 day' / 2",
      "(CAST('0 months 1 days 0 microseconds' AS INTERVAL) * (CAST(1. AS DOUBLE) // 2))",
    ],
    ["1e3", "1000."],
    ["1.5e-3", "0.0015"],
    ["id + '2'", `("id" + CAST('2' AS int4))`.replace("int4", "INTEGER")],
    // Casts.
    ["s::varchar(3)", 'left"(CAST("s" AS VARCHAR), 3)'],
    ["'\\xDEAD'::bytea", "\"from_hex\"('DEAD')"],
    ["'a\\001b'::bytea", "\"from_hex\"('610162')"],
    ["'off'::bool", "FALSE"],
    ["n::numeric", '"n"'],
    ["f::numeric", 'CAST("f" AS DECIMAL(38,12))'],
    ["id::numeric", 'CAST("id" AS DECIMAL(38,0))'],
    ["'1.50'::numeric", "1.50"],
    ["1.23456::numeric", "1.23456"],
    ["f::text", '"pg_text"("f")'],
    ["id::text", 'CAST("id" AS VARCHAR)'],
    [
      "'{a,\"b c\",NULL}'::text[]",
      "CAST(['a', 'b c', NULL] AS VARCHAR[])".replace(
        "['a', 'b c', NULL]",
        "[CAST('a' AS VARCHAR), CAST('b c' AS VARCHAR), CAST(NULL AS VARCHAR)]",
      ),
    ],
    ["'March 5, 2024'::date", "CAST('2024-03-05' AS DATE)"],
    ["'2024-03-05 10:00+02'::timestamptz", "CAST('2024-03-05 10:00:00+02' AS TIMESTAMPTZ)"],
    ["'2024-03-05 10:00+02'::timestamp", "CAST('2024-03-05 10:00:00' AS TIMESTAMP)"],
    ["'P1Y2M3DT4H'::interval", "CAST('14 months 3 days 14400000000 microseconds' AS INTERVAL)"],
    ["interval '2' hour", "CAST('0 months 0 days 7200000000 microseconds' AS INTERVAL)"],
    // Patterns.
    ["s ~ 'a\\mb'", '"regexp_matches"("s", \'a\\bb\')'],
    ["s ~* 'a.b'", "\"regexp_matches\"(\"s\", 'a.b', 'is')"],
    ["s !~ 'a'", '(NOT "regexp_matches"("s", \'a\'))'],
    ["s similar to '%(b|d)_'", "\"regexp_matches\"(\"s\", '^(?:.*(?:b|d).)$', 's')"],
    ["s like 'a%'", "(\"s\" ~~ 'a%')"],
    ["s like 'a\\_%'", "\"like_escape\"(\"s\", 'a\\_%', '\\')"],
    ["s like 'a!_%' escape '!'", "\"like_escape\"(\"s\", 'a!_%', '!')"],
    ["s not ilike s", '"not_ilike_escape"("s", "s", \'\\\')'],
    // Others.
    ["list[1]", '("list")[1]'],
    ["list[-1]", '("list")["pg_subscript"((-1))]'],
    ["list || 'a'::text", '"list_append"("list", CAST(\'a\' AS VARCHAR))'],
    ["j #>> '{a,0,b}'", '"json_extract_string"("j", \'$."a"[0]."b"\')'],
    ["id between symmetric 3 and 1", '("id" BETWEEN "least"(3, 1) AND "greatest"(3, 1))'],
    ["format('%s: %I', s, 'a b')", `((COALESCE("pg_output"("s"), '') || ': ') || '"a b"')`],
    ["extract(year from d)", 'CAST("date_part"(\'year\', "d") AS DOUBLE)'],
    ["date_trunc('month', d)", 'CAST("date_trunc"(\'month\', "d") AS TIMESTAMPTZ)'],
    ["to_char(ts, 'YYYY-MM \"week\" IW')", '"strftime"("ts", \'%Y-%m week %V\')'],
    ["to_date(s, 'DD.MM.YYYY')", 'CAST("strptime"("s", \'%d.%m.%Y\') AS DATE)'],
    ["current_user", "'ana'"],
    ["current_database()", "'acme'"],
    ["b'101'", "CAST('101' AS BIT)"],
    ["x'f0'", "CAST('11110000' AS BIT)"],
    ['s collate "C"', '"s"'],
    ['s collate "de-x-icu"', '("s" COLLATE de)'],
    ["9223372036854775807", "9223372036854775807"],
    ["9223372036854775808", "9223372036854775808."],
    ["round(1.5::numeric, 2)", "AS DECIMAL(38,2))"],
  ])("%s becomes %s", (sql, expected) => {
    expect(expression(sql)).toContain(expected);
  });

  test("types are known through subqueries, joins and WITH, not of what is recursive", () => {
    const sql =
      "with a as (select sum(big) as total from t), b(x) as (select total from a) select x / 2 as y from b join t on true";
    expect(translated(sql).sql).toContain('(CAST("x" AS DOUBLE) // 2) AS "y"');
    expect(
      translated(
        "with recursive r(m) as (select 1 union all select m / 2 from r) select m / 2 as y from r, t",
      ).sql,
    ).toContain('("m" // 2)');
  });
});

describe("parameters", () => {
  test("have the types that were declared", () => {
    const parameterTypes = ["int4", undefined, "_text", "numeric", "timestamptz"];
    expect(
      translated(
        "select * from t where id = $1 and s = $2 and s = any($3) and n = $4 and ts = $5",
        { parameterTypes },
      ).sql,
    ).toBe(
      'SELECT * FROM "t" WHERE (("id" = CAST($1 AS INTEGER)) AND ("s" = $2) AND ("s" = ANY(CAST($3 AS VARCHAR[]))) AND ("n" = CAST($4 AS DECIMAL(38,12))) AND ("ts" = CAST($5 AS TIMESTAMPTZ)))',
    );
  });
});

test.each([
  [
    "select s ~ '(a)\\1' from t",
    "0A000",
    "back references in regular expressions are not supported",
  ],
  [
    "select s ~ 'a(?=b)' from t",
    "0A000",
    "look-ahead and look-behind in regular expressions are not supported",
  ],
  ["select s::inet from t", "0A000", "type inet is not supported"],
  ["select s::nosuchtype from t", "42704", 'type "nosuchtype" does not exist'],
  ["select 'maybe'::bool from t", "22P02", 'invalid input syntax for type boolean: "maybe"'],
  ["select '5.5'::int from t", "22P02", 'invalid input syntax for type integer: "5.5"'],
  [
    "select format(s, 1) from t",
    "0A000",
    "format with a template that is no constant is not supported",
  ],
  [
    "select to_char(ts, s) from t",
    "0A000",
    "to_char with a template that is no constant is not supported",
  ],
  ["select j || '{}' from t", "0A000", "operator || on jsonb is not supported"],
  [
    "select * from rows from (generate_series(1, 2), unnest(array[1])) x, t",
    "0A000",
    "ROWS FROM is not supported",
  ],
  ["select concat(variadic list) from t", "0A000", "VARIADIC is not supported"],
  [
    "select id from t order by id fetch first 1 row with ties",
    "0A000",
    "FETCH FIRST … WITH TIES is not supported",
  ],
  ["select xmlelement(name a) from t", "0A000", "XML is not supported"],
  ["select json_object('a': 1) from t", "0A000", "this SQL/JSON expression is not supported"],
  [
    'select s collate "nonsense" from t',
    "42704",
    'collation "nonsense" for encoding "UTF8" does not exist',
  ],
  ["select generate_series(1, 3, 0) from t", "22023", "step size cannot equal zero"],
  ["select n::numeric(50,2) from t", "0A000", "numeric(50) is not supported"],
])("%s is refused with %s", (sql, sqlstate, message) => {
  expect(refusalOf(sql)).toMatchObject({ sqlstate, message });
});

describe("positions", () => {
  test("in the translation are found in the client's text", () => {
    const [statement] = parseStatements("select 'é', nosuch(s), count(*) from t where other.x = 1");
    if (statement === undefined) throw new Error("no statement");
    const translation = translate(statement, { workspace: "acme", parameterTypes: [] });
    const at = (part: string): number | undefined =>
      mapPosition(statement, translation, [...translation.sql].join("").indexOf(part) + 1);
    expect(at('"nosuch"')).toBe(13);
    expect(at('"s"')).toBe(20);
    expect(at('"t"')).toBe(38);
    expect(at('"other"')).toBe(46);
    expect(mapPosition(statement, translation, 1)).toBeUndefined();
  });

  test("of a statement in DuckDB's grammar are its own", () => {
    const [statement] = parseStatements("from t select nosuch");
    if (statement === undefined) throw new Error("no statement");
    expect(
      mapPosition(statement, translate(statement, { workspace: "acme", parameterTypes: [] }), 15),
    ).toBe(15);
  });
});

describe("a cached translation", () => {
  test("is made once for the same parameter types, role and catalog", () => {
    const cache = new StatementCache();
    const once = translated("select $1 from t", { cache, parameterTypes: ["int4"] });
    const [statement] = parseStatements("select $1 from t", { cache });
    if (statement === undefined) throw new Error("no statement");
    const options = { workspace: "acme", role: "ana", cache };
    const first = translate(statement, { ...options, parameterTypes: ["int4"] });
    expect(translate(statement, { ...options, parameterTypes: ["int4"] })).toBe(first);
    expect(translate(statement, { ...options, parameterTypes: ["text"] })).not.toBe(first);
    expect(
      translate(statement, { ...options, parameterTypes: ["int4"], catalogVersion: 2 }),
    ).not.toBe(first);
    expect(first.sql).toBe(once.sql);
  });
});

test("a statement in DuckDB's grammar stays as it is", () => {
  expect(translated("from t select * exclude (id)").sql).toBe("from t select * exclude (id)");
});
