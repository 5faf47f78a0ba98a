import { expect, test } from "vitest";
import type { TableDefinition } from "../../../src/catalog/catalog.ts";
import { sheetTables } from "../../../src/loader/sheet-tables.ts";
import { csvTable } from "./load-files.ts";

const BUDGET: TableDefinition = {
  ...csvTable("budget.xlsx"),
  name: "budget",
  options: { format: "xlsx", xlsx: { sheets: "all", header_row: 2 } },
};

const namesOf = (tables: readonly TableDefinition[]): string[] => tables.map(({ name }) => name);

test("each sheet is a table of its own, read with the workbook's other options", () => {
  expect(sheetTables(BUDGET, ["2024", "Plan & Ist"])).toMatchObject([
    { name: "budget_2024", options: { xlsx: { sheet: "2024", header_row: 2 } } },
    { name: "budget_plan_ist", options: { xlsx: { sheet: "Plan & Ist", header_row: 2 } } },
  ]);
});

test("names that would be the same are told apart", () => {
  expect(namesOf(sheetTables(BUDGET, ["a b", "A-B", "c"]))).toEqual([
    "budget_a_b",
    "budget_a_b_2",
    "budget_c",
  ]);
  expect(namesOf(sheetTables({ ...BUDGET, names: "as_is" }, ["Plan", "PLAN"]))).toEqual([
    "budget_Plan",
    "budget_PLAN_2",
  ]);
});

test("sheets' own names stay with names: as_is", () => {
  expect(namesOf(sheetTables({ ...BUDGET, names: "as_is" }, ["Plan & Ist"]))).toEqual([
    "budget_Plan & Ist",
  ]);
});

test("no name is longer than PostgreSQL keeps it", () => {
  const long = "x".repeat(80);
  const names = namesOf(sheetTables(BUDGET, [long, `${long}y`]));
  expect(new Set(names).size).toBe(2);
  expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).toBeLessThanOrEqual(63);
});
