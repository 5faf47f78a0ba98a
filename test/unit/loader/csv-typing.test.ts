import fc from "fast-check";
import { expect, test } from "vitest";
import type { CsvOptions } from "../../../src/formats/format.ts";
import { loadCsv } from "./load-files.ts";

/** The type that a column of these values gets, and the values as they come back. */
async function typed(
  values: readonly string[],
  csv: CsvOptions = {},
): Promise<[type: string, ...values: (string | null)[]]> {
  const text = `id,v\n${values.map((value, row) => `${row},"${value.replaceAll('"', '""')}"\n`).join("")}`;
  const table = await loadCsv(text, { csv });
  const type = table.columns[1]?.replace("v ", "") ?? "";
  return [type, ...table.rows.map((row) => row[1] ?? null)];
}

test("whole numbers are bigint, and beyond 64 bits numeric, to the last digit", async () => {
  expect(await typed(["9223372036854775807", "-9223372036854775808", "0"])).toEqual([
    "BIGINT",
    "9223372036854775807",
    "-9223372036854775808",
    "0",
  ]);
  expect(await typed(["9223372036854775808", "1"])).toEqual([
    "DECIMAL(38,0)",
    "9223372036854775808",
    "1",
  ]);
  expect(await typed(["1".repeat(39), "1"])).toEqual(["VARCHAR", "1".repeat(39), "1"]);
});

test.each([
  ["leading zeros", ["00123", "90210"]],
  ["plus signs", ["+49301234567", "4"]],
  ["hexadecimal", ["0x1F", "255"]],
  ["underscores", ["1_000", "2"]],
  ["marks between thousands", ["1,234", "5,678"]],
  ["NULL's name", ["1", "NULL"]],
  ["infinity", ["1.5", "inf"]],
  ["a number beyond double precision", ["1e400", "1"]],
])("what a number type would change stays text: %s", async (_name, values) => {
  expect(await typed(values)).toEqual(["VARCHAR", ...values]);
});

test("decimal fractions are numeric, of the largest scale that there is", async () => {
  expect(await typed(["9.50", "-0.05", "120.00"])).toEqual([
    "DECIMAL(18,2)",
    "9.50",
    "-0.05",
    "120.00",
  ]);
  expect(await typed(["1.5", "1.25", "3"])).toEqual(["DECIMAL(18,2)", "1.50", "1.25", "3.00"]);
  expect(await typed(["12345678901234567.25", ".5"])).toEqual([
    "DECIMAL(38,2)",
    "12345678901234567.25",
    "0.50",
  ]);
});

test("measurements with many digits and exponents are double precision if they come back", async () => {
  expect(await typed(["0.1234567890123", "3.5"])).toEqual(["DOUBLE", "0.1234567890123", "3.5"]);
  expect(await typed(["1.5e3", "-6.02E23"])).toEqual(["DOUBLE", "1500.0", "-6.02e+23"]);
  expect(await typed(["0.1234567890123456789", "123456789.123456789123"])).toEqual([
    "DECIMAL(38,19)",
    "0.1234567890123456789",
    "123456789.1234567891230000000",
  ]);
});

test("dates, timestamps and times are ISO's, and valid", async () => {
  expect(await typed(["2024-02-29", "1999-12-31"])).toEqual(["DATE", "2024-02-29", "1999-12-31"]);
  expect((await typed(["2023-02-29", "1999-12-31"]))[0]).toBe("VARCHAR");
  expect(await typed(["2024-01-31T23:59:59.5", "2024-01-31 00:00"])).toEqual([
    "TIMESTAMP",
    "2024-01-31 23:59:59.5",
    "2024-01-31 00:00:00",
  ]);
  expect(await typed(["08:30:00", "23:59:59.25"])).toEqual(["TIME", "08:30:00", "23:59:59.25"]);
  expect((await typed(["08:30", "23:59"]))[0]).toBe("VARCHAR");
  expect((await typed(["2024-01-31", "2024-01-31 10:00:00"]))[0]).toBe("VARCHAR");
});

test("timestamps that all state an offset are timestamptz, and text if only some do", async () => {
  expect(await typed(["2024-01-31T12:00:00Z", "2024-01-31 12:00:00.5+02:00"])).toEqual([
    "TIMESTAMP WITH TIME ZONE",
    "2024-01-31 12:00:00+00",
    "2024-01-31 10:00:00.5+00",
  ]);
  expect((await typed(["2024-01-31T12:00:00Z", "2024-01-31T12:00:00"]))[0]).toBe("VARCHAR");
});

test("day and month are told apart only by a number above 12, anywhere in the file", async () => {
  expect(await typed(["05/01/2024", "31/01/2024"])).toEqual(["DATE", "2024-01-05", "2024-01-31"]);
  expect(await typed(["05/01/2024", "01/31/2024"])).toEqual(["DATE", "2024-05-01", "2024-01-31"]);
  expect((await typed(["31/01/2024", "01/31/2024"]))[0]).toBe("VARCHAR");
  const late = [...Array.from({ length: 21_000 }, () => "05.01.2024"), "31.12.2024"];
  expect((await typed(late)).slice(0, 2)).toEqual(["DATE", "2024-01-05"]);
});

test("dates in doubt stay text, with a warning that names the option", async () => {
  const table = await loadCsv("id,d\n1,05/01/2024\n2,06/02/2024\n");
  expect(table.columns).toEqual(["id BIGINT", "d VARCHAR"]);
  expect(table.warnings).toEqual([
    'column "d" is text: its dates do not show whether day or month comes first; set csv: { date_format: "%d/%m/%Y" } or "%m/%d/%Y"',
  ]);
});

test("the table's formats and words go before what values look like", async () => {
  expect(await typed(["05.01.2024"], { date_format: "%d.%m.%Y" })).toEqual(["DATE", "2024-01-05"]);
  expect(await typed(["20240131"], { date_format: "%Y%m%d" })).toEqual(["DATE", "2024-01-31"]);
  expect(await typed(["05.01.24"], { date_format: "%d.%m.%Y" })).toEqual(["VARCHAR", "05.01.24"]);
  expect(await typed(["5.1.2024 07:08"], { timestamp_format: "%d.%m.%Y %H:%M" })).toEqual([
    "TIMESTAMP",
    "2024-01-05 07:08:00",
  ]);
  expect(await typed(["ja", "nein"], { true: ["ja"], false: ["nein"] })).toEqual([
    "BOOLEAN",
    "true",
    "false",
  ]);
  const german = { decimal: ",", thousands: "." } as const;
  expect(await typed(["1.234,56", "7,00", "12"], german)).toEqual([
    "DECIMAL(18,2)",
    "1234.56",
    "7.00",
    "12.00",
  ]);
  expect(await typed(["1.234", "12"], german)).toEqual(["BIGINT", "1234", "12"]);
  expect(await typed(["1.23", "4.5"], german)).toEqual(["VARCHAR", "1.23", "4.5"]);
});

test("only true and false are booleans by themselves", async () => {
  expect(await typed(["TRUE", "false"])).toEqual(["BOOLEAN", "true", "false"]);
  expect((await typed(["true", "yes"]))[0]).toBe("VARCHAR");
  expect((await typed(["t", "f"]))[0]).toBe("VARCHAR");
});

test("an empty field is NULL, a quoted one is empty text, and in numbers NULL with a warning", async () => {
  expect(await loadCsv('a,b\n1,""\n2,\n3,x\n')).toMatchObject({
    rows: [
      ["1", ""],
      ["2", null],
      ["3", "x"],
    ],
    warnings: [],
  });
  expect(await loadCsv('a,b\n1,""\n2,5\n')).toMatchObject({
    columns: ["a BIGINT", "b BIGINT"],
    rows: [
      ["1", null],
      ["2", "5"],
    ],
    warnings: ['column "b" has empty fields in quotes, which were read as NULL'],
  });
});

test("one value at the end of a long file decides as much as the first", async () => {
  const numbers = Array.from({ length: 30_000 }, (_, row) => String(row + 1));
  expect((await typed([...numbers, "1.5"]))[0]).toBe("DECIMAL(18,1)");
  expect((await typed([...numbers, "12345678901234567890"]))[0]).toBe("DECIMAL(38,0)");
  expect((await typed([...numbers, "007"]))[0]).toBe("VARCHAR");
  expect((await typed([...numbers.map(() => ""), "7"]))[0]).toBe("BIGINT");
});

test("whatever the values are, they come back unchanged but for a number's zeros", async () => {
  const value = fc.oneof(
    fc.integer().map(String),
    fc.bigInt().map(String),
    fc.double().map(String),
    fc.constantFrom("0", "-0", "007", "1.0", "1.50", ".5", "5.", "1e5", "+1", "0x1F", "true", "T"),
    fc.constantFrom("2024-01-31", "2024-02-30", "31/01/2024", "12:00:00", "NaN", " 1", "1 ", "é"),
  );
  // Few loads of many columns, because a load takes a fifth of a second whatever is in it.
  const rows = fc.array(fc.array(value, { minLength: 40, maxLength: 40 }), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(rows, async (written) => {
      const header = written[0]?.map((_value, column) => `v${column}`).join(",");
      const table = await loadCsv(
        `${header}\n${written.map((row) => `${row.join(",")}\n`).join("")}`,
      );
      table.columns.forEach((name, column) => {
        const type = name.slice(name.indexOf(" ") + 1);
        if (type === "DATE") return;
        const read = table.rows.map((row) => comparable(row[column] ?? "", type));
        expect(read).toEqual(written.map((row) => comparable(row[column] ?? "", type)));
      });
    }),
    { numRuns: 8 },
  );
});

/** Numbers by value: `1.50` as `1.5`, `1e+21` as `1e21`. */
function comparable(text: string, type: string): string {
  if (type === "DOUBLE") return String(Number(text));
  if (type.startsWith("DECIMAL") || type === "BIGINT") {
    const [whole = "", fraction = ""] = text
      .trim()
      .replace(/^(-?)\./, "$10.")
      .split(".");
    const digits = fraction.replace(/0+$/, "");
    return digits === "" ? whole.replace(/^-0$/, "0") : `${whole}.${digits}`;
  }
  return type === "VARCHAR" ? text : text.trim();
}
