import { expect, test, vi } from "vitest";
import { bind, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import { rows } from "../support/rows.ts";

test("a transaction goes on seeing the version that its first statement saw", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n", other: "n\n5\n" } });
  await using reader = await gateway.connect();
  await using other = await gateway.connect();
  await rows(reader, "BEGIN");
  expect(await rows(reader, "SELECT count(*) FROM orders")).toEqual([["1"]]);

  await gateway.write("orders.csv", "id,extra\n1,a\n2,b\n3,c\n");
  await gateway.write("other.csv", "n\n6\n");
  await rows(other, "REFRESH MATERIALIZED VIEW orders");
  await rows(other, "REFRESH MATERIALIZED VIEW other");

  expect(await rows(other, "SELECT count(extra) FROM orders")).toEqual([["3"]]);
  expect(await rows(reader, "SELECT * FROM orders")).toEqual([["1"]]);
  expect(await rows(reader, "SELECT n FROM public.other")).toEqual([["5"]]);
  reader.send(parse("SELECT count(*) FROM orders"), bind(), execute(), sync());
  expect(await reader.untilReady()).toContainEqual(
    expect.objectContaining({ type: "DataRow", values: ["1"] }),
  );
  await rows(reader, "SAVEPOINT a");
  await rows(reader, "SELECT missing FROM orders");
  await rows(reader, "ROLLBACK TO a");
  expect(await rows(reader, "SELECT count(*) FROM orders")).toEqual([["1"]]);
  await rows(reader, "COMMIT");
  expect(await rows(reader, "SELECT count(extra), min(n) FROM orders, other")).toEqual([
    ["3", "6"],
  ]);
});

test("a transaction whose engine was replaced is told to begin again, and then goes on", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });
  await using reader = await gateway.connect();
  await using other = await gateway.connect();
  const interrupted = async (interrupt: () => Promise<unknown>): Promise<void> => {
    await rows(reader, "BEGIN");
    expect(await rows(reader, "SELECT count(*) FROM orders")).toEqual([["1"]]);
    await interrupt();
    expect(await rows(reader, "SELECT count(*) FROM orders")).toMatchObject([{ code: "40001" }]);
    await rows(reader, "ROLLBACK");
    expect(await rows(reader, "SELECT count(*) FROM orders")).toEqual([["1"]]);
  };

  await interrupted(async () => {
    process.kill((await gateway.gateway.engine.processId()) ?? 0, "SIGKILL");
    await vi.waitFor(
      async () => expect(await rows(other, "SELECT count(*) FROM orders")).toEqual([["1"]]),
      20_000,
    );
  });
  await interrupted(async () => {
    await gateway.writeWorkspace({
      workspace: "test",
      members: ["ana"],
      limits: { threads: 1, memory: "77MB" },
      tables: { orders: { source: "files:orders.csv" }, orders2: { source: "files:orders.csv" } },
    });
    await vi.waitFor(
      async () => expect(await rows(other, "SELECT count(*) FROM orders2")).toEqual([["1"]]),
      20_000,
    );
  });
});

test("a transaction that has looked at nothing yet sees what is there when it does", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });
  await using reader = await gateway.connect();
  await using other = await gateway.connect();
  await rows(reader, "BEGIN");

  await gateway.write("orders.csv", "id\n1\n2\n");
  await rows(other, "REFRESH MATERIALIZED VIEW orders");

  expect(await rows(reader, "SELECT count(*) FROM orders")).toEqual([["2"]]);
});

test("a YAML view in a transaction is of the same version as its tables", async () => {
  await using gateway = await startGateway({
    tables: { orders: "id\n1\n" },
    workspace: {
      tables: { orders: { source: "files:orders.csv" } },
      views: { counted: { sql: "SELECT count(*) AS n FROM orders" } },
    },
  });
  await using reader = await gateway.connect();
  await using other = await gateway.connect();
  await rows(reader, "BEGIN");
  await rows(reader, "SELECT 1 FROM orders");

  await gateway.write("orders.csv", "id\n1\n2\n");
  await rows(other, "REFRESH MATERIALIZED VIEW orders");

  expect(await rows(reader, "SELECT n FROM counted")).toEqual([["1"]]);
  expect(await rows(other, "SELECT n FROM counted")).toEqual([["2"]]);
});

test("the statements of one Query see one version, and the state of a table is that of now", async () => {
  await using gateway = await startGateway({ tables: { orders: "id\n1\n" } });
  await using reader = await gateway.connect();

  await gateway.write("orders.csv", "id\n1\n2\n");
  const counts = await rows(
    reader,
    `SELECT count(*) FROM orders; REFRESH MATERIALIZED VIEW orders;
     SELECT count(*) FROM orders; SELECT row_count FROM bucketgres.tables`,
  );

  expect(counts).toEqual([["1"], ["1"], ["2"]]);
  expect(await rows(reader, "SELECT count(*) FROM orders")).toEqual([["2"]]);
});

test("a cursor's portal and later statements of its transaction agree after a reload", async () => {
  const csv = (from: number): string =>
    `id\n${Array.from({ length: 5000 }, (_, row) => from + row).join("\n")}\n`;
  await using gateway = await startGateway({ tables: { orders: csv(0) } });
  await using reader = await gateway.connect();
  await using other = await gateway.connect();
  reader.send(
    query("BEGIN"),
    parse("SELECT id FROM orders ORDER BY id", { name: "s" }),
    bind({ portal: "p", statement: "s" }),
    execute("p", 10),
    sync(),
  );
  await reader.untilReady();
  await reader.untilReady();

  await gateway.write("orders.csv", csv(10_000));
  await rows(other, "REFRESH MATERIALIZED VIEW orders");

  expect(await rows(reader, "SELECT min(id), max(id) FROM orders")).toEqual([["0", "4999"]]);
  reader.send(execute("p"), sync());
  const rest = (await reader.untilReady()).filter(({ type }) => type === "DataRow");
  expect(rest.length).toBe(4990);
  expect(rest.at(-1)).toMatchObject({ values: ["4999"] });
});
