/**
 * The tables that every client reads, as CSV files. The scripts know these formulas, so that they
 * can tell a changed value.
 *
 * `things` has 1,000 rows. For id i from 1:
 *
 * | column | type | value | NULL where |
 * | --- | --- | --- | --- |
 * | id | bigint | i | never |
 * | price | numeric(12,2) | i × 1.25 − 100, so row 1 has -98.75 and row 80 has 0.00 | i is a multiple of 13 |
 * | name | text | by i modulo 4: 1 `Größe i`, 2 `O'Brien "i"`, 3 `😀, i`, 0 `back\slash i` | i is a multiple of 5 |
 * | active | boolean | whether i is even | i is a multiple of 7 |
 * | day | date | 2024-01-01 and i − 1 days: row 60 has 2024-02-29 | i is a multiple of 11 |
 * | at | timestamp | 2024-01-01 00:00:00, i × 3,607 seconds and i × 997 microseconds | i is a multiple of 17 |
 *
 * `big` has 100,000 rows: id from 1 and `label <id>`. The ids' sum is 5,000,050,000.
 */
export const THING_ROWS = 1_000;
export const BIG_ROWS = 100_000;

/** Column names and types of the tables, in the files' order. */
export const TABLES = {
  things: {
    id: "bigint",
    price: "numeric(12,2)",
    name: "text",
    active: "boolean",
    day: "date",
    at: "timestamp",
  },
  big: { id: "bigint", label: "text" },
} as const;

/**
 * A query that takes far longer than any script waits, for cancels and timeouts; PostgreSQL and
 * DuckDB both have to count it out.
 */
export const SLOW_QUERY =
  "SELECT count(*) FROM big a CROSS JOIN big b CROSS JOIN big c WHERE a.id + b.id + c.id < 0";

export function thingsCsv(): string {
  const lines = ["id,price,name,active,day,at"];
  for (let i = 1; i <= THING_ROWS; i += 1) lines.push(thing(i).map(csvField).join(","));
  return `${lines.join("\n")}\n`;
}

export function bigCsv(): string {
  const lines = ["id,label"];
  for (let i = 1; i <= BIG_ROWS; i += 1) lines.push(`${i},label ${i}`);
  return `${lines.join("\n")}\n`;
}

function thing(i: number): readonly (string | undefined)[] {
  const names = [`back\\slash ${i}`, `Größe ${i}`, `O'Brien "${i}"`, `😀, ${i}`];
  return [
    String(i),
    i % 13 === 0 ? undefined : (i * 1.25 - 100).toFixed(2),
    i % 5 === 0 ? undefined : names[i % 4],
    i % 7 === 0 ? undefined : String(i % 2 === 0),
    i % 11 === 0 ? undefined : new Date(Date.UTC(2024, 0, i)).toISOString().slice(0, 10),
    i % 17 === 0 ? undefined : timestamp(i),
  ];
}

function timestamp(i: number): string {
  const seconds = new Date(Date.UTC(2024, 0, 1, 0, 0, i * 3_607)).toISOString().slice(0, 19);
  return `${seconds.replace("T", " ")}.${String(i * 997).padStart(6, "0")}`;
}

function csvField(value: string | undefined): string {
  if (value === undefined) return "";
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
