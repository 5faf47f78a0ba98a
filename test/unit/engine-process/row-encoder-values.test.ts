import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { RowFormat } from "../../../src/engine-process/row-encoder.ts";
import {
  BINARY,
  cellsOf,
  dataRows,
  encodeQuery,
  messageBodies,
  openTestDatabase,
  TEXT,
  type TestDatabase,
} from "./encoding.ts";
import { VALUE_GROUPS, type ValueGroup } from "./value-cases.ts";

interface Recorded {
  readonly text: string;
  readonly csv: string;
  readonly binary: readonly (string | null)[];
}

// What record-values.ts has written.
const RECORDED = JSON.parse(
  readFileSync(new URL("./values.recorded.json", import.meta.url), "utf8"),
) as Record<string, Recorded>;

const COPY_TEXT: RowFormat = { kind: "copy-text", delimiter: "\t", nullText: "\\N" };
const COPY_CSV: RowFormat = {
  kind: "copy-csv",
  delimiter: ",",
  nullText: "",
  quote: '"',
  escape: '"',
  forceQuote: [],
};

/** The group's values in a table, in order, with a NULL behind them; answers the query for them. */
async function tableOf({ connection }: TestDatabase, group: ValueGroup): Promise<string> {
  await connection.run("SET timezone = 'UTC'");
  await connection.run(`CREATE OR REPLACE TABLE v (n INTEGER, x ${group.duckdbType})`);
  for (const [index, value] of group.values.entries()) {
    const literal = (typeof value === "string" ? value : value[0]).replaceAll("'", "''");
    const isLiteral = group.duckdbType.endsWith("]");
    await connection.run(
      `INSERT INTO v SELECT ${index}, ${isLiteral ? literal.replaceAll("''", "'") : `'${literal}'`}::${group.duckdbType}`,
    );
  }
  await connection.run(`INSERT INTO v SELECT ${group.values.length}, NULL`);
  return "SELECT x FROM v ORDER BY n";
}

const recorded = (group: ValueGroup): Recorded => {
  const found = RECORDED[group.name];
  if (found === undefined) throw new Error(`${group.name} is not recorded`);
  return found;
};

/** Line by line, so that a difference names the value. */
const linesOf = (bytes: Buffer) => bytes.toString("utf8").split("\n");

/** COPY's text format back to the plain value. */
function plainText(line: string): string | null {
  if (line === "\\N") return null;
  const letters: Readonly<Record<string, string>> = {
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
    v: "\v",
  };
  return line.replaceAll(/\\(.)/g, (_, letter: string) => letters[letter] ?? letter);
}

const describeCell = (cell: Buffer | null) => cell?.toString("hex") ?? null;

test.each(VALUE_GROUPS)("$name is written as PostgreSQL writes it", async (group) => {
  await using database = await openTestDatabase();
  const query = await tableOf(database, group);
  const options = { timeZone: group.timeZone ?? "UTC" };
  const { text, csv, binary } = recorded(group);
  const expectedLines = linesOf(Buffer.from(text, "base64"));

  const dataRow = await encodeQuery(database, query, TEXT, options);
  expect(dataRows(dataRow.bytes).map(([cell]) => cell?.toString("utf8") ?? null)).toEqual(
    expectedLines.slice(0, -1).map(plainText),
  );
  const copyText = await encodeQuery(database, query, COPY_TEXT, options);
  expect(linesOf(Buffer.concat(messageBodies(copyText.bytes, "d")))).toEqual(expectedLines);
  const copyCsv = await encodeQuery(database, query, COPY_CSV, options);
  expect(linesOf(Buffer.concat(messageBodies(copyCsv.bytes, "d")))).toEqual(
    linesOf(Buffer.from(csv, "base64")),
  );
  const dataRowBinary = await encodeQuery(database, query, BINARY, options);
  expect(dataRows(dataRowBinary.bytes).map(([cell]) => describeCell(cell ?? null))).toEqual(binary);
  const copyBinary = await encodeQuery(database, query, { kind: "copy-binary" }, options);
  expect(
    messageBodies(copyBinary.bytes, "d").map((body) => describeCell(cellsOf(body)[0] ?? null)),
  ).toEqual(binary);
});

test("no recorded group is left over", () => {
  expect(Object.keys(RECORDED).toSorted()).toEqual(VALUE_GROUPS.map(({ name }) => name).toSorted());
});
