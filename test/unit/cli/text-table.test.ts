import { expect, test } from "vitest";
import { textTable } from "../../../src/cli/text-table.ts";

test("columns are as wide as their widest cell, numbers stand to the right", () => {
  const columns = [{ title: "TABLE" }, { title: "ROWS", align: "right" as const }, { title: "S" }];

  expect(
    textTable(columns, [
      ["orders", "12345", "a"],
      ["b", "7", ""],
    ]),
  ).toEqual(["TABLE    ROWS  S", "orders  12345  a", "b           7"]);
});

test("wide characters, emoji and combining marks are counted as terminals show them", () => {
  const rows = [
    ["顧客", "|"],
    ["🍋x", "|"],
    ["e\u0301tat", "|"],
  ];

  expect(textTable([{ title: "T" }, { title: "|" }], rows)).toEqual([
    "T     |",
    "顧客  |",
    "🍋x   |",
    "e\u0301tat  |",
  ]);
});
