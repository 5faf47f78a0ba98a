/** A look into what a source holds, for a person to recognise it. */
import type { CacheEntry } from "../cache/cache-entry.ts";
import { quoteIdentifier } from "../core/identifier.ts";
import { openDatabase } from "../duckdb/database.ts";
import { parseDuckdbType } from "../pgtypes/duckdb-type-text.ts";

const SAMPLED_ROWS = 1000;
const SHOWN_CHARACTERS = 32;
const COLUMNS_PER_STATEMENT = 100;

/** For each column its first value that is not NULL, on one line and cut to a width. */
export async function sampleValues({ path, columns }: CacheEntry): Promise<readonly string[]> {
  const database = await openDatabase({ path, readOnly: true });
  const samples: string[] = [];
  try {
    const connection = await database.connect();
    for (let start = 0; start < columns.length; start += COLUMNS_PER_STATEMENT) {
      const list = columns.slice(start, start + COLUMNS_PER_STATEMENT).map((column) => {
        const name = quoteIdentifier(column.name);
        const value = `first(${name}) FILTER (${name} IS NOT NULL)`;
        return `left(${asText(value, column.duckdbType)}, ${SHOWN_CHARACTERS + 1})`;
      });
      const [row = []] = await connection.rows(
        `SELECT ${list.join(", ")} FROM (SELECT * FROM main.data LIMIT ${SAMPLED_ROWS})`,
      );
      samples.push(...row.map((value) => (value === null ? "" : shown(String(value)))));
    }
    connection.close();
    return samples;
  } finally {
    database.close();
  }
}

/** DuckDB has a notation of its own for what is nested, and for bytes. */
function asText(value: string, duckdbType: string): string {
  const id = parseDuckdbType(duckdbType)?.id ?? "VARCHAR";
  if (["LIST", "ARRAY", "STRUCT", "MAP", "UNION"].includes(id)) {
    return `CAST(to_json(${value}) AS VARCHAR)`;
  }
  return id === "BLOB" ? `'\\x' || lower(hex(${value}))` : `CAST(${value} AS VARCHAR)`;
}

function shown(value: string): string {
  const line = value.replaceAll(/\p{Cc}+/gu, " ");
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS - 1)}…` : line;
}

/** Of a workbook whose first sheet was taken because none was asked for: a remark on the others. */
export function otherSheets(visibleSheets: readonly string[]): readonly string[] {
  const [first, ...others] = visibleSheets.map((name) => `"${name}"`);
  if (first === undefined || others.length === 0) return [];
  return [
    `sheet ${first} is read; the others are ${others.join(", ")}: choose one with --sheet, ` +
      "or write xlsx: { sheets: all } to have a table of each",
  ];
}
