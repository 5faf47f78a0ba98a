import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { quoteIdentifier, quoteLiteral } from "../../../src/core/identifier.ts";
import { loadParser, parseStatements } from "../../../src/sql/parse.ts";
import { translate } from "../../../src/sql/translate.ts";

let instance: DuckDBInstance;
beforeAll(async () => {
  await loadParser();
  instance = await DuckDBInstance.create(":memory:");
});
afterAll(() => instance.closeSync());

interface Serialized {
  readonly statements: readonly {
    readonly node: { readonly select_list: readonly unknown[]; readonly from_table: unknown };
  }[];
}

/** What PostgreSQL keeps of a name: no zero byte, at most 63 bytes, and at least one. */
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 15 })
  .filter((text) => !text.includes("\0") && Buffer.byteLength(text) <= 63);
const literal = fc
  .string({ unit: "grapheme", maxLength: 30 })
  .filter((text) => !text.includes("\0"));

test("whatever stands in names and literals, DuckDB reads the same names and literals", async () => {
  const connection = await instance.connect();
  await fc.assert(
    fc.asyncProperty(name, name, name, literal, async (column, label, alias, value) => {
      const [statement] = parseStatements(
        `select ${quoteIdentifier(column)} as ${quoteIdentifier(label)}, ${quoteLiteral(value)} from t ${quoteIdentifier(alias)}`,
      );
      if (statement === undefined) throw new Error("no statement");
      const { sql } = translate(statement, { workspace: "acme", parameterTypes: [] });
      const result = await connection.runAndReadAll(
        "SELECT json_serialize_sql($1::VARCHAR)::VARCHAR",
        [sql],
      );
      // DuckDB's serialized tree of one SELECT.
      const { statements } = JSON.parse(String(result.getRows()[0]?.[0])) as Serialized;
      const node = statements[0]?.node;
      expect(node?.select_list[0]).toMatchObject({ column_names: [column], alias: label });
      expect(node?.select_list[1]).toMatchObject({ value: { value } });
      expect(node?.from_table).toMatchObject({ table_name: "t", alias });
    }),
    { numRuns: 200 },
  );
  connection.closeSync();
});
