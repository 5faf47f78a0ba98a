import { beforeAll, describe, expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { loadParser, parseStatements } from "../../../src/sql/parse.ts";
import type { Route } from "../../../src/sql/statement.ts";

beforeAll(loadParser);

function routeOf(sql: string): Route | undefined {
  return parseStatements(sql)[0]?.route;
}

function errorOf(sql: string): Partial<PgError> {
  try {
    parseStatements(sql);
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
  throw new Error("nothing was wrong");
}

/** SQLSTATE, message and position as PostgreSQL 15 gives them to a role that is no superuser. */
const REFUSED: readonly (readonly [string, string, string, number?])[] = [
  ["t TO STDOUT (format xml)", "22023", 'COPY format "xml" not recognized', 19],
  ["t TO STDOUT (format 'CSV')", "22023", 'COPY format "CSV" not recognized', 19],
  ["t TO STDOUT (format)", "42601", "format requires a parameter"],
  ["t TO STDOUT (format csv, format csv)", "42601", "conflicting or redundant options", 31],
  ["t TO STDOUT (nonsense 1)", "42601", 'option "nonsense" not recognized', 19],
  ["t TO STDOUT (delimiter 'xx')", "0A000", "COPY delimiter must be a single one-byte character"],
  ["t TO STDOUT (delimiter '')", "0A000", "COPY delimiter must be a single one-byte character"],
  ["t TO STDOUT (delimiter 'ä')", "0A000", "COPY delimiter must be a single one-byte character"],
  ["t TO STDOUT (delimiter)", "42601", "delimiter requires a parameter"],
  ["t TO STDOUT (delimiter 7)", "22023", 'COPY delimiter cannot be "7"'],
  ["t TO STDOUT (delimiter '.')", "22023", 'COPY delimiter cannot be "."'],
  [
    "t TO STDOUT (delimiter E'\\n')",
    "22023",
    "COPY delimiter cannot be newline or carriage return",
  ],
  [
    "t TO STDOUT (null E'a\\rb')",
    "22023",
    "COPY null representation cannot use newline or carriage return",
  ],
  [
    "t TO STDOUT (delimiter ',', null 'a,b')",
    "0A000",
    "COPY delimiter must not appear in the NULL specification",
  ],
  [
    "t TO STDOUT (format csv, null 'a\"b')",
    "0A000",
    "CSV quote character must not appear in the NULL specification",
  ],
  [
    "t TO STDOUT (format csv, delimiter '\"')",
    "22023",
    "COPY delimiter and quote must be different",
  ],
  ["t TO STDOUT (format csv, quote '')", "0A000", "COPY quote must be a single one-byte character"],
  [
    "t TO STDOUT (format csv, escape 'xx')",
    "0A000",
    "COPY escape must be a single one-byte character",
  ],
  ["t TO STDOUT (quote 'x')", "0A000", "COPY quote available only in CSV mode"],
  ["t TO STDOUT (escape 'x')", "0A000", "COPY escape available only in CSV mode"],
  ["t TO STDOUT (force_quote *)", "0A000", "COPY force quote available only in CSV mode"],
  [
    "t TO STDOUT (format csv, force_quote a)",
    "22023",
    'argument to option "force_quote" must be a list of column names',
    31,
  ],
  [
    "t TO STDOUT (format csv, force_not_null (a))",
    "0A000",
    "COPY force not null only available using COPY FROM",
  ],
  ["t TO STDOUT (force_null (a))", "0A000", "COPY force null available only in CSV mode"],
  [
    "t FROM STDIN (format csv, force_quote (a))",
    "0A000",
    "COPY force quote only available using COPY TO",
  ],
  [
    "t TO STDOUT (format binary, delimiter ',')",
    "42601",
    "cannot specify DELIMITER in BINARY mode",
  ],
  ["t TO STDOUT (format binary, null ',')", "42601", "cannot specify NULL in BINARY mode"],
  ["t TO STDOUT (format binary, header)", "0A000", "cannot specify HEADER in BINARY mode"],
  ["t TO STDOUT (header match)", "0A000", 'cannot use "match" with HEADER in COPY TO'],
  ["t TO STDOUT (header maybe)", "42601", 'header requires a Boolean value or "match"'],
  ["t TO STDOUT (header, header)", "42601", "conflicting or redundant options", 27],
  ["t TO STDOUT (freeze maybe)", "42601", "freeze requires a Boolean value"],
  [
    "t TO STDOUT (encoding 'nope')",
    "22023",
    'argument to option "encoding" must be a valid encoding name',
    19,
  ],
  ["(select $1) TO STDOUT", "42P02", "there is no parameter $1", 14],
  ["t (a, a) TO STDOUT", "42701", 'column "a" specified more than once'],
  ["t TO STDOUT WHERE a > 1", "42601", "WHERE clause not allowed with COPY TO", 18],
  [
    "t TO '/tmp/x' (format xml)",
    "42501",
    "must be superuser or have privileges of the pg_write_server_files role to COPY to a file",
  ],
  [
    "t FROM '/tmp/x'",
    "42501",
    "must be superuser or have privileges of the pg_read_server_files role to COPY from a file",
  ],
  [
    "t FROM PROGRAM 'cat'",
    "42501",
    "must be superuser or have privileges of the pg_execute_server_program role to COPY to or from an external program",
  ],
];

describe("COPY is refused in PostgreSQL's words:", () => {
  test.each(REFUSED)("COPY %s", (rest, sqlstate, message, position) => {
    expect(errorOf(`COPY ${rest}`)).toMatchObject({ sqlstate, message, position });
  });

  test("files of the server, with a hint at what works for anyone", () => {
    expect(errorOf("COPY t TO PROGRAM 'cat'")).toMatchObject({
      hint: "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
    });
  });
});

test.each([
  ["t TO 's3://bucket/key.csv'", "COPY TO an object of a store is not supported"],
  ["t TO STDOUT (default 'x')", "COPY DEFAULT cannot be used with COPY TO"],
  ["t TO STDOUT (encoding 'sjis')", 'COPY in encoding "sjis" is not supported'],
  ["t FROM STDIN (on_error ignore)", "COPY FROM with ON_ERROR is not supported"],
  ["t FROM STDIN (format csv, default 'x')", "COPY FROM with DEFAULT is not supported"],
  ["t FROM STDIN WHERE a > 1", "COPY FROM with WHERE is not supported"],
])("what is missing here is refused by name: COPY %s", (rest, message) => {
  expect(errorOf(`COPY ${rest}`)).toMatchObject({ sqlstate: "0A000", message });
});

test("COPY FROM STDIN has its table, its columns and its options", () => {
  expect(
    routeOf('COPY s."T" (a, "B") FROM STDIN CSV HEADER NULL \'n\' FORCE NOT NULL a FORCE NULL "B"'),
  ).toEqual({
    to: "copy-in",
    relation: { schema: "s", name: "T", columns: ["a", "B"] },
    options: {
      format: "csv",
      header: true,
      delimiter: ",",
      nullText: "n",
      quote: '"',
      escape: '"',
      encoding: "UTF8",
      forceNotNull: ["a"],
      forceNull: ["B"],
    },
  });
  expect(
    routeOf("COPY t FROM STDIN (FORMAT csv, HEADER match, ENCODING 'iso-8859-1', FORCE_NULL *)"),
  ).toMatchObject({
    relation: { schema: undefined, name: "t", columns: [] },
    options: { header: "match", encoding: "LATIN1", forceNull: "all" },
  });
});
