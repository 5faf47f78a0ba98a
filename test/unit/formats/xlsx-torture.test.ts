/**
 * Every workbook of the torture set, told as the answers that a user would see and judged by the
 * set's own rules.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { columnNames } from "../../../src/core/sql-names.ts";
import type { XlsxOptions } from "../../../src/formats/format.ts";
import { readSheet } from "../../../src/formats/xlsx.ts";
// @ts-expect-error -- the set is plain JavaScript, so that it runs without this project
import { check as untypedCheck } from "../../support/torture/make-torture.mjs";
import { allWarnings, readAllRows } from "../../support/xlsx-rows.ts";

const GENERATOR = fileURLToPath(new URL("../../support/torture/make-torture.mjs", import.meta.url));

const EXPECTATION = z.looseObject({
  outcome: z.enum(["ok", "error", "either"]),
  level: z.string(),
});
const MANIFEST = z.object({
  cases: z.array(
    z.object({
      id: z.string(),
      why: z.string(),
      files: z.array(z.object({ path: z.string() })),
      expect: EXPECTATION,
      variants: z
        .record(
          z.string(),
          z.object({ options: z.record(z.string(), z.unknown()), expect: EXPECTATION }),
        )
        .optional(),
    }),
  ),
});

/** The set's neutral names of options, as ours. */
const OPTIONS = z
  .strictObject({
    sheet: z.union([z.string(), z.number()]).optional(),
    range: z.string().optional(),
    header: z.boolean().optional(),
    headerRow: z.number().optional(),
    skipFooter: z.number().optional(),
  })
  .transform(
    ({ headerRow: header_row, skipFooter: skip_footer, ...rest }): XlsxOptions => ({
      ...rest,
      header_row,
      skip_footer,
    }),
  );

const SQL_TYPES = {
  boolean: "BOOLEAN",
  bigint: "BIGINT",
  double: "DOUBLE",
  date: "DATE",
  timestamp: "TIMESTAMP",
  time: "TIME",
  interval: "INTERVAL",
  text: "VARCHAR",
} as const;

const check = z
  .function({ input: [z.unknown(), z.unknown()], output: z.array(z.string()) })
  .implement((expected, result) => z.array(z.string()).parse(untypedCheck(expected, result)));

let directory = "";
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "bucketgres-torture-"));
  await promisify(execFile)(process.execPath, [GENERATOR, directory, "--only=x-"]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("the workbooks of the torture set give what their manifest says", async () => {
  const manifest = MANIFEST.parse(
    JSON.parse(readFileSync(join(directory, "manifest.json"), "utf8")),
  );
  const failures: string[] = [];
  let checked = 0;
  for (const { id, files, expect: expected, variants = {} } of manifest.cases) {
    const path = files[0]?.path ?? "";
    if (!/\.xls[xb]?$/.test(path)) continue;
    const runs = [
      { name: id, options: {}, expected },
      ...Object.entries(variants).map(([name, variant]) => ({
        name: `${id}#${name}`,
        options: variant.options,
        expected: variant.expect,
      })),
    ];
    for (const run of runs) {
      const result = await answer(join(directory, path), OPTIONS.parse(run.options));
      const faults = check(run.expected, result);
      failures.push(...faults.map((fault) => `${run.name} (${run.expected.level}): ${fault}`));
      checked++;
    }
  }
  expect(failures).toEqual([]);
  expect(checked).toBeGreaterThan(45);
});

async function answer(path: string, options: XlsxOptions): Promise<unknown> {
  try {
    using reader = await readSheet(path, options, { temporaryDirectory: directory });
    const names = columnNames(
      reader.columns.map(({ header }) => header),
      { names: "as_is" },
    );
    const rows = await readAllRows(reader);
    return {
      outcome: "ok",
      columns: reader.columns.map(({ kind }, index) => ({
        name: names[index],
        type: SQL_TYPES[kind],
      })),
      rowCount: rows.length,
      rows,
      warnings: allWarnings(reader),
    };
  } catch (error) {
    return { outcome: "error", error: error instanceof Error ? error.message : String(error) };
  }
}
