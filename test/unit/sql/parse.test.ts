import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { LIMITS } from "../../../src/core/limits.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import { loadParser, parseStatements } from "../../../src/sql/parse.ts";
import { StatementCache } from "../../../src/sql/statement-cache.ts";

beforeAll(loadParser);

function errorOf(sql: string): PgError {
  try {
    parseStatements(sql);
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
  throw new Error(`${sql} was parsed`);
}

describe("the statements of a message", () => {
  test.each(["", "  \n", ";", " ; ;", "-- nothing", "/* nothing */ ;"])("%j has none", (sql) => {
    expect(parseStatements(sql)).toEqual([]);
  });

  test("offsets count characters, whatever their bytes", () => {
    const statements = parseStatements("select 'äé🙂' ;\n  /* ö */ select 2; select 3 -- ü");
    expect(statements.map(({ text, offset }) => [text, offset])).toEqual([
      ["select 'äé🙂'", 0],
      ["select 2", 25],
      ["select 3 -- ü", 35],
    ]);
  });

  test("a comment inside a comment before a statement is no part of it", () => {
    expect(parseStatements("/* a /* b */ c */ select 1; select 2")[0]?.text).toBe("select 1");
  });

  test("however statements are joined, they come out again", () => {
    const one = fc.constantFrom(
      "select 1",
      "select 'a;b'",
      'select "x;y" from t',
      "begin",
      "values ('ä')",
      "select $$;$$",
      "from t",
    );
    const between = fc.constantFrom(";", " ; ", ";;", ";\n-- ;\n", "; /* ; */ ");
    fc.assert(
      fc.property(fc.array(fc.tuple(one, between), { maxLength: 6 }), (parts) => {
        const sql = parts.map(([statement, separator]) => statement + separator).join("");
        expect(parseStatements(sql).map(({ text }) => text)).toEqual(
          parts.map(([statement]) => statement),
        );
        for (const { text, offset } of parseStatements(sql)) {
          expect([...sql].slice(offset, offset + [...text].length).join("")).toBe(text);
        }
      }),
    );
  });

  test("the highest parameter is counted, in both grammars", () => {
    const counts = [
      "select 1",
      "select $2, $1",
      "from t where a = $3",
      "select * exclude (a) from t where b = '$9' and c = $1",
    ];
    expect(counts.map((sql) => parseStatements(sql)[0]?.parameterCount)).toEqual([0, 2, 3, 1]);
  });

  test("a text that is too long is refused before it is parsed", () => {
    expect(errorOf(`select '${"x".repeat(LIMITS.sqlTextBytes)}'`)).toMatchObject({
      sqlstate: "54000",
    });
  });

  test("nesting without end is refused", () => {
    expect(errorOf(`select ${"(select ".repeat(300)}1${")".repeat(300)}`)).toMatchObject({
      sqlstate: "54001",
    });
    expect(errorOf(`select 1${"+1".repeat(2_000)}`)).toMatchObject({ sqlstate: "54001" });
    expect(
      errorOf(`select 1${" union all select 1".repeat(LIMITS.setOperations + 1)}`),
    ).toMatchObject({ sqlstate: "54001" });
  });
});

describe("a syntax error", () => {
  test.each([
    ["selec 1", 'syntax error at or near "selec"', 1],
    ["select 1; selec 2", 'syntax error at or near "selec"', 11],
    ["select 'é'; drop tabel x", 'syntax error at or near "tabel"', 18],
    ["select 'abc", 'unterminated quoted string at or near "\'abc"', 8],
    ["insert into", "syntax error at end of input", 12],
  ])("%s", (sql, message, position) => {
    expect(errorOf(sql)).toMatchObject({ sqlstate: "42601", message, position });
  });

  test("is kept where the statement may be DuckDB's own", () => {
    const [statement] = parseStatements("select * form emp");
    expect(statement).toMatchObject({
      ast: undefined,
      route: { to: "engine", dialect: "duckdb" },
      syntaxError: { message: 'syntax error at or near "form"', position: 10 },
    });
  });
});

test.each([
  "from orders",
  "select * exclude (a) from orders",
  "select * replace (a + 1 as a) from orders",
  "select a from orders qualify row_number() over (order by a) = 1",
  "summarize orders",
  "describe orders",
  "pivot orders on a in ('x', 'y') using sum(b)",
  "select [1, 2], {'a': 1} from orders",
  "select $name",
  "with x as (from orders) select * from x",
])("%s goes to the engine in DuckDB's grammar", (sql) => {
  expect(parseStatements(sql)).toMatchObject([
    { text: sql, ast: undefined, route: { to: "engine", dialect: "duckdb" } },
  ]);
});

test("among statements of both grammars each keeps its own", () => {
  const statements = parseStatements("select 1; from t; select a from t where b = ';'");
  expect(statements.map(({ text, route }) => [text, route])).toEqual([
    ["select 1", { to: "shadow" }],
    ["from t", { to: "engine", dialect: "duckdb" }],
    ["select a from t where b = ';'", { to: "engine", dialect: "postgresql" }],
  ]);
});

describe("a statement cache", () => {
  test("hands out the same statements for the same text", () => {
    const cache = new StatementCache();
    expect(parseStatements("select a from t", { cache })).toBe(
      parseStatements("select a from t", { cache }),
    );
  });

  test("drops what was not used for longest", () => {
    const cache = new StatementCache(40_000);
    const used = parseStatements("select 1 from t", { cache });
    for (let i = 0; i < 30; i++) {
      parseStatements(`select ${i} from u`, { cache });
      expect(parseStatements("select 1 from t", { cache })).toBe(used);
    }
    expect(cache.size).toBeLessThan(30);
  });

  test("does not keep a text that would fill it", () => {
    const cache = new StatementCache(40_000);
    parseStatements(`select ${"1,".repeat(200)}1`, { cache });
    expect(cache.size).toBe(0);
  });
});
