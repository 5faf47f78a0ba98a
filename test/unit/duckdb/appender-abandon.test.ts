import { expect, test } from "vitest";
import { openDatabase } from "../../../src/duckdb/database.ts";

test("what an appender holds when it is abandoned never reaches the table", async () => {
  const database = await openDatabase({ path: ":memory:" });
  const connection = await database.connect();
  await connection.run("CREATE TABLE t (a INTEGER)");
  await connection.run("BEGIN");
  const appender = await connection.appender("t");
  appender.append([Array.from({ length: 5_000 }, (_, index) => index)], 5_000);

  appender.abandon();
  appender.abandon();
  await connection.run("COMMIT");

  expect(await connection.rows("SELECT count(*) FROM t")).toEqual([[0n]]);
  connection.close();
  database.close();
});
