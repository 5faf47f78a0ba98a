/** Streams, COPY, pipelines and cancels: what node-postgres does with packages beside it. */
import { Readable } from "node:stream";
import { text as collect } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { Client, type ClientConfig, type QueryConfig } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
// @ts-expect-error The package has no types of its own.
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { SLOW_QUERY } from "../data.ts";
import { codeOf, same, thing } from "../report.ts";

/** Options that the driver has and its types lack. */
export interface Config extends ClientConfig {
  readonly enableChannelBinding?: boolean;
  readonly pipeline?: boolean;
}

type WithClient = (use: (client: Client) => Promise<void>, config?: Config) => Promise<void>;

const BIG = "SELECT id, label FROM big";
const IDS_OF_BIG = 5_000_050_000;

async function rows(client: Client, text: string): Promise<unknown> {
  return (await client.query({ text, rowMode: "array" })).rows;
}

/** Where the client is no direct one, some things are done in another way. */
export async function streamThings(
  withClient: WithClient,
  without: readonly number[] = [],
  address: ClientConfig = {},
): Promise<void> {
  const does = async (number: number, body: () => Promise<void>): Promise<void> => {
    if (!without.includes(number)) await thing(number, body);
  };
  await does(6, () =>
    withClient(async (client) => {
      const text = "SELECT id, price, name, active, day::text FROM things WHERE id = $1";
      const binary: QueryConfig & { readonly binary: true } = { text, values: [1], binary: true };
      const { rows } = await client.query(binary);
      const day = "2024-01-01";
      same(rows, [{ id: "1", price: -98.75, name: "Größe 1", active: false, day }]);
    }),
  );
  await does(10, () =>
    withClient(async (client) => {
      const cursor = client.query(new Cursor(BIG, [], { rowMode: "array" }));
      let [count, sum] = [0, 0];
      for (;;) {
        const page: readonly [string, string][] = await cursor.read(1_000);
        if (page.length === 0) break;
        count += page.length;
        for (const [id] of page) sum += Number(id);
      }
      await cursor.close();
      same([count, sum], [100_000, IDS_OF_BIG]);

      [count, sum] = [0, 0];
      for await (const row of client.query(new QueryStream(BIG, [], { batchSize: 500 }))) {
        count += 1;
        sum += Number((row as { readonly id: string }).id);
      }
      same([count, sum], [100_000, IDS_OF_BIG]);
    }),
  );
  await does(11, () =>
    withClient(async (client) => {
      let seen = 0;
      for await (const _row of client.query(new QueryStream(BIG, [], { batchSize: 10 }))) {
        seen += 1;
        if (seen === 25) break;
      }
      const cursor = client.query(new Cursor(BIG));
      same((await cursor.read(7)).length, 7);
      await cursor.close();
      same(await rows(client, "SELECT 7"), [[7]]);
    }),
  );
  await does(18, () =>
    withClient(
      async (client) => {
        const answers = await Promise.allSettled([
          rows(client, "SELECT 1"),
          rows(client, "SELECT nothing FROM things"),
          rows(client, "SELECT 3"),
        ]);
        const said = answers.map((answer) =>
          answer.status === "fulfilled" ? answer.value : (answer.reason as { code: string }).code,
        );
        same(said, [[[1]], "42703", [[3]]]);
      },
      { pipeline: true },
    ),
  );
  await does(19, () =>
    withClient(async (client) => {
      const query = "SELECT id, price, name FROM things WHERE id <= 5 ORDER BY id";
      const text = await collect(client.query(copyTo(`COPY (${query}) TO STDOUT`)));
      const lines = [
        "1\t-98.75\tGröße 1",
        `2\t-97.50\tO'Brien "2"`,
        "3\t-96.25\t😀, 3",
        "4\t-95.00\tback\\\\slash 4",
        "5\t-93.75\t\\N",
      ];
      same(text, lines.map((line) => `${line}\n`).join(""));
      const csv = await collect(client.query(copyTo(`COPY (${BIG}) TO STDOUT CSV HEADER`)));
      same(csv.split("\n").length, 100_002);
    }),
  );
  await does(20, () =>
    withClient(async (client) => {
      await client.query("CREATE TEMP TABLE copied (id bigint, name text)");
      const lines = Array.from({ length: 10_000 }, (_, index) => `${index}\tRow ü ${index}\n`);
      const copy = client.query(copyFrom("COPY copied FROM STDIN"));
      await pipeline(Readable.from(lines), copy);
      same(copy.rowCount, 10_000);
      same(await rows(client, "SELECT count(*), max(name) FROM copied"), [["10000", "Row ü 9999"]]);

      const broken = client.query(copyFrom("COPY copied FROM STDIN"));
      same(await codeOf(pipeline(Readable.from(["not a number\tx\n"]), broken)), "22P02");
      same(await rows(client, "SELECT count(*) FROM copied"), [["10000"]]);
    }),
  );
  await does(22, () =>
    withClient((client) =>
      withClient(async (other) => {
        const { rows: found } = await client.query<{ pid: number }>(
          "SELECT pg_backend_pid() AS pid",
        );
        const running = client.query(SLOW_QUERY);
        const failure = codeOf(running);
        await untilActive(other, found[0]?.pid ?? 0);
        // A client that is not connected yet, which the driver's types do not name.
        const canceller = new Client(address) as Client & {
          cancel(client: Client, query: unknown): void;
          readonly activeQuery: unknown;
        };
        canceller.cancel(client, (client as typeof canceller).activeQuery);
        same(await failure, "57014");
        same(await rows(client, "SELECT 1"), [[1]]);
      }),
    ),
  );
}

/** Waits until the server says that it works on this session's query, for a while. */
export async function untilActive(other: Client, processId: number): Promise<void> {
  const sql = `SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE pid = ${processId} AND state = 'active'`;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const { rows } = await other.query<{ readonly count: number }>(sql);
    if (rows[0]?.count === 1) return;
  }
  throw new Error("pg_stat_activity does not show the running query");
}
