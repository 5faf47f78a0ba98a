import { expect, test } from "vitest";
import type { BackendMessage } from "../support/backend.ts";
import { bind, execute, parse, query, sync } from "../support/frontend.ts";
import { startGateway } from "../support/gateway.ts";
import type { WireClient } from "../support/wire-client.ts";

const TABLES = { t: `n\n${Array.from({ length: 10 }, (_, index) => index + 1).join("\n")}\n` };
const ENDLESS = "SELECT count(*) FROM range(100000000000) AS r(i) WHERE i % 7 = 3";
const LOST = '34000 cursor "c" does not exist';

/** The values of the rows and the tags, or the errors, of a Query; and the transaction's status. */
async function ask(client: WireClient, sql: string): Promise<readonly unknown[]> {
  client.send(query(sql));
  return (await client.untilReady()).flatMap(answerIn);
}

function answerIn(message: BackendMessage): readonly unknown[] {
  switch (message.type) {
    case "DataRow":
      return message["values"] as readonly unknown[];
    case "CommandComplete":
      return [message["tag"]];
    case "ErrorResponse":
      return [`${String(message["code"])} ${String(message["message"])}`];
    case "ReadyForQuery":
      return [message["transactionStatus"]];
    default:
      return [];
  }
}

test("a cursor WITH HOLD outlives its transaction once that has committed", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  await using client = await gateway.connect();
  const declare = "DECLARE c CURSOR WITH HOLD FOR SELECT n FROM t ORDER BY n";

  await ask(client, `BEGIN; ${declare}; ROLLBACK`);
  expect(await ask(client, "FETCH c")).toEqual([LOST, "I"]);
  await ask(client, `${declare}; SELECT 1/0`);
  expect(await ask(client, "FETCH c")).toEqual([LOST, "I"]);

  expect(await ask(client, declare)).toEqual(["DECLARE CURSOR", "I"]);
  expect(await ask(client, "FETCH c")).toEqual(["1", "FETCH 1", "I"]);
  expect(await ask(client, "BEGIN; FETCH c; ROLLBACK; FETCH c")).toEqual([
    "BEGIN",
    "2",
    "FETCH 1",
    "ROLLBACK",
    "3",
    "FETCH 1",
    "I",
  ]);
  expect(await ask(client, "SELECT 1/0; COMMIT")).toContain("22012 division by zero");
  client.send(parse("FETCH 2 FROM c"), bind(), execute(), sync());
  expect((await client.untilReady()).flatMap(answerIn)).toEqual(["4", "5", "FETCH 2", "I"]);
  expect(await ask(client, "CLOSE c")).toEqual(["CLOSE CURSOR", "I"]);
  expect(await ask(client, "CLOSE c")).toEqual([LOST, "I"]);

  await ask(client, `BEGIN; ${declare}; COMMIT`);
  await ask(client, "DISCARD ALL");
  expect(await ask(client, "FETCH c")).toEqual([LOST, "I"]);
});

test("a cursor WITH HOLD shows what its transaction has seen, whatever changes behind it", async () => {
  await using gateway = await startGateway({ tables: TABLES, workspace: { refresh: "1h" } });
  await using client = await gateway.connect();
  await ask(client, "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT n FROM t ORDER BY n; COMMIT");

  await gateway.write("t.csv", "n\n77\n");
  await ask(client, "REFRESH MATERIALIZED VIEW t");

  expect(await ask(client, "SELECT n FROM t")).toEqual(["77", "SELECT 1", "I"]);
  expect(await ask(client, "FETCH 2 c")).toEqual(["1", "2", "FETCH 2", "I"]);
});

test("savepoints take back the cursors that are younger, and motions of none", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  await using client = await gateway.connect();

  await ask(client, "BEGIN; DECLARE old CURSOR FOR SELECT n FROM t ORDER BY n; SAVEPOINT a");
  await ask(client, "DECLARE c CURSOR FOR SELECT 1; FETCH 2 old; ROLLBACK TO a");
  expect(await ask(client, "FETCH old")).toEqual(["3", "FETCH 1", "T"]);
  expect(await ask(client, "FETCH c")).toEqual([LOST, "E"]);
  await ask(client, "ROLLBACK TO a; DECLARE c CURSOR FOR SELECT 1; RELEASE a; SAVEPOINT b");
  await ask(client, "ROLLBACK TO b");
  expect(await ask(client, "FETCH c")).toEqual(["1", "FETCH 1", "T"]);
});

test("a cursor whose FETCH has failed cannot be run", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  await using client = await gateway.connect();
  await ask(client, "BEGIN; DECLARE c CURSOR FOR SELECT 1/(n-3) FROM t ORDER BY n; SAVEPOINT a");

  expect(await ask(client, "FETCH ALL c")).toEqual(["22012 division by zero", "E"]);
  expect(await ask(client, "FETCH c")).toEqual([
    "25P02 current transaction is aborted, commands ignored until end of transaction block",
    "E",
  ]);
  await ask(client, "ROLLBACK TO a");
  expect(await ask(client, "FETCH c")).toEqual(['55000 portal "c" cannot be run', "E"]);
  await ask(client, "ROLLBACK TO a");
  expect(await ask(client, "CLOSE c")).toEqual(["CLOSE CURSOR", "T"]);
});

test("cancel and statement_timeout end a FETCH and its transaction, and nothing else", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  await using client = await gateway.connect();
  await ask(client, "DECLARE kept CURSOR WITH HOLD FOR SELECT n FROM t ORDER BY n");

  for (const scroll of ["", "SCROLL"]) {
    await ask(client, `BEGIN; DECLARE c ${scroll} CURSOR FOR ${ENDLESS}`);
    client.send(query("FETCH c"));
    await client.cancel();
    expect((await client.untilReady()).flatMap(answerIn)).toEqual([
      "57014 canceling statement due to user request",
      "E",
    ]);
    await ask(client, "ROLLBACK");
  }
  await ask(client, `BEGIN; DECLARE c CURSOR FOR ${ENDLESS}; SET LOCAL statement_timeout = '50ms'`);
  expect(await ask(client, "MOVE c")).toEqual([
    "57014 canceling statement due to statement timeout",
    "E",
  ]);
  await ask(client, "ROLLBACK");

  expect(await ask(client, "FETCH 2 kept")).toEqual(["1", "2", "FETCH 2", "I"]);
});

test("a statement has no part in the time that its portal's FETCH had", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  await using client = await gateway.connect();
  await ask(client, "BEGIN; DECLARE c CURSOR FOR SELECT n FROM t ORDER BY n; FETCH c");

  // To the session that is idle by now.
  await client.cancel();

  expect(await ask(client, "FETCH c")).toEqual(["2", "FETCH 1", "T"]);
});

test("suspended portals live beside other statements, past Sync, to the transaction's end", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  await using client = await gateway.connect();
  const next = async (portal: string): Promise<readonly unknown[]> => {
    client.send(execute(portal, 1), sync());
    return (await client.untilReady()).flatMap(answerIn);
  };
  await ask(client, "BEGIN");
  client.send(
    parse("SELECT n FROM t ORDER BY n"),
    bind({ portal: "a" }),
    bind({ portal: "b" }),
    sync(),
  );
  await client.untilReady();

  expect(await next("a")).toEqual(["1", "T"]);
  expect(await ask(client, "SELECT sum(n) FROM t")).toEqual(["55", "SELECT 1", "T"]);
  expect(await next("b")).toEqual(["1", "T"]);
  expect(await next("a")).toEqual(["2", "T"]);
  await ask(client, "COMMIT");
  expect(await next("a")).toEqual(['34000 portal "a" does not exist', "I"]);
});

test("a portal can neither fetch from nor close itself, and CLOSE ALL leaves it", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  await using client = await gateway.connect();
  const run = async (sql: string): Promise<readonly unknown[]> => {
    await ask(client, "ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT 1");
    client.send(parse(sql), bind({ portal: "p" }), execute("p"), sync());
    return (await client.untilReady()).flatMap(answerIn);
  };

  expect(await run("FETCH p")).toEqual([expect.stringContaining("55000"), "E"]);
  expect(await run("CLOSE p")).toEqual(['24000 cannot drop active portal "p"', "E"]);
  expect(await run("CLOSE ALL")).toEqual(["CLOSE CURSOR ALL", "T"]);
  expect(await ask(client, "FETCH c")).toEqual([LOST, "E"]);
});

test("PostgreSQL's refusals of DECLARE are refused in its words", async () => {
  await using gateway = await startGateway({ tables: TABLES });
  await using client = await gateway.connect();
  const refusal = async (sql: string): Promise<unknown> => {
    await ask(client, "ROLLBACK; BEGIN");
    return (await ask(client, sql))[0];
  };

  expect(await refusal("DECLARE c SCROLL NO SCROLL CURSOR FOR SELECT 1")).toBe(
    "42P11 cannot specify both SCROLL and NO SCROLL",
  );
  expect(await refusal("DECLARE c INSENSITIVE ASENSITIVE CURSOR FOR SELECT 1")).toBe(
    "42P11 cannot specify both ASENSITIVE and INSENSITIVE",
  );
  expect(await refusal("DECLARE c SCROLL CURSOR FOR SELECT * FROM t FOR UPDATE")).toBe(
    "0A000 DECLARE SCROLL CURSOR ... FOR UPDATE is not supported",
  );
  expect(await refusal("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM t FOR SHARE")).toBe(
    "0A000 DECLARE CURSOR WITH HOLD ... FOR SHARE is not supported",
  );
  expect(await refusal("DECLARE c INSENSITIVE CURSOR FOR SELECT * FROM t FOR UPDATE")).toBe(
    "42P11 DECLARE INSENSITIVE CURSOR ... FOR UPDATE is not valid",
  );
  expect(await refusal("DECLARE c CURSOR FOR SELECT * INTO x FROM t")).toBe(
    "42601 SELECT ... INTO is not allowed here",
  );
  expect(
    await refusal("DECLARE c CURSOR FOR WITH w AS (DELETE FROM t RETURNING *) SELECT * FROM w"),
  ).toBe("0A000 DECLARE CURSOR must not contain data-modifying statements in WITH");
  client.send(query("ROLLBACK; BEGIN; DECLARE c CURSOR FOR SELECT nope FROM t"));
  expect(await client.untilReady()).toContainEqual(
    expect.objectContaining({ code: "42703", position: 46 }),
  );
});
