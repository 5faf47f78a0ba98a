import { expect, test, vi } from "vitest";
import { type CellInput, makeXlsx } from "../../examples/data/make-xlsx.ts";
import { startGateway } from "../support/gateway.ts";
import { rows } from "../support/rows.ts";

type Sheets = Readonly<Record<string, readonly (readonly CellInput[])[]>>;

function book(sheets: Sheets): Buffer {
  return makeXlsx({
    sheets: Object.entries(sheets).map(([name, rows]) => ({
      name,
      rows: rows.map((row) => [...row]),
    })),
  });
}

const STATES = "SELECT table_name, state FROM bucketgres.tables ORDER BY 1";

function budget(content: Buffer): Record<string, unknown> {
  return {
    tables: { budget: { content, file: "budget.xlsx" } },
    workspace: {
      tables: {
        budget: { source: "files:budget.xlsx", xlsx: { sheets: "all" }, primary_key: ["id"] },
        budget_2024: { source: "files:other.csv" },
      },
    },
  };
}

test("every sheet of a workbook is a table, and sheets that come and go are followed", async () => {
  await using gateway = await startGateway(
    budget(
      book({
        Übersicht: [["id"], [1]],
        "2024": [
          ["id", "v"],
          [1, "a"],
          [2, "b"],
        ],
      }),
    ),
  );
  await using client = await gateway.connect();

  // The name that the catalog itself gives away stays with the catalog's table.
  expect(await rows(client, STATES)).toEqual([
    ["budget_2024", "failed"],
    ["budget_2024_2", "ready"],
    ["budget_übersicht", "ready"],
  ]);
  expect(await rows(client, "SELECT v FROM budget_2024_2 ORDER BY id")).toEqual([["a"], ["b"]]);
  expect(
    await rows(client, "SELECT count(*) FROM pg_class WHERE relname = 'budget_übersicht'"),
  ).toEqual([["1"]]);

  await gateway.write(
    "budget.xlsx",
    book({
      "2024": [
        ["id", "v"],
        [3, "c"],
      ],
      "2025": [["id"], [9]],
    }),
  );
  expect(await rows(client, "REFRESH MATERIALIZED VIEW budget")).toEqual([]);

  expect(await rows(client, STATES)).toEqual([
    ["budget_2024", "failed"],
    ["budget_2024_2", "ready"],
    ["budget_2025", "ready"],
  ]);
  expect(await rows(client, "SELECT id, v FROM budget_2024_2")).toEqual([["3", "c"]]);
  expect(await rows(client, "SELECT id FROM budget_2025")).toEqual([["9"]]);
  expect((await rows(client, 'SELECT * FROM "budget_übersicht"'))[0]).toMatchObject({
    code: "42P01",
  });
});

test("a workbook that cannot be read is listed with the reason, and its last sheets are served", async () => {
  await using gateway = await startGateway(budget(Buffer.from("no workbook")));
  await using client = await gateway.connect();

  expect(await rows(client, STATES)).toEqual([
    ["budget", "failed"],
    ["budget_2024", "failed"],
  ]);
  expect((await rows(client, "SELECT * FROM budget"))[0]).toMatchObject({ code: "55000" });
  expect((await rows(client, "REFRESH MATERIALIZED VIEW budget"))[0]).toMatchObject({
    type: "ErrorResponse",
  });

  await gateway.write("budget.xlsx", book({ Plan: [["id"], [1]] }));
  expect(await rows(client, "REFRESH MATERIALIZED VIEW budget")).toEqual([]);
  expect(await rows(client, "SELECT id FROM budget_plan")).toEqual([["1"]]);

  await gateway.write("budget.xlsx", "broken again");
  await rows(client, "REFRESH MATERIALIZED VIEW budget");
  expect(await rows(client, "SELECT id FROM budget_plan")).toEqual([["1"]]);
  expect(
    await rows(client, "SELECT state FROM bucketgres.tables WHERE table_name = 'budget_plan'"),
  ).toEqual([["stale"]]);
});

test("names that two workbooks make, or that the catalog takes later, stay apart", async () => {
  const one = book({ b_c: [["id"], [1]] });
  const two = book({ c: [["id"], [2]], C: [["id"], [3]] });
  const source = (file: string): unknown => ({ source: `files:${file}`, xlsx: { sheets: "all" } });
  const yaml = { workspace: "test", members: ["ana"] };
  const tables = { a: source("one.xlsx"), a_b: source("two.xlsx") };
  await using gateway = await startGateway({
    tables: {
      one: { content: one, file: "one.xlsx" },
      two: { content: two, file: "two.xlsx" },
      three: "id\n4\n",
    },
    workspace: { tables },
  });
  await using client = await gateway.connect();

  const all = "SELECT table_name, state FROM bucketgres.tables ORDER BY 1";
  expect(await rows(client, all)).toEqual([
    ["a_b_c", "ready"],
    ["a_b_c_2", "ready"],
    ["a_b_c_2_2", "ready"],
  ]);
  expect(await rows(client, "SELECT id FROM a_b_c")).toEqual([["1"]]);

  await gateway.writeWorkspace({
    ...yaml,
    tables: { ...tables, a_b_c: { source: "files:three.csv" } },
  });
  await vi.waitFor(async () => {
    expect(await rows(client, "SELECT id FROM a_b_c")).toEqual([["4"]]);
  }, 20_000);
  expect((await rows(client, all)).map((row) => String((row as unknown[])[1]))).toEqual([
    "ready",
    "ready",
    "ready",
    "ready",
  ]);
});
