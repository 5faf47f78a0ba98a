import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { loadParser } from "../../../src/sql/parse.ts";
import { copyInOptions, copyInto, cut } from "./copy-in.ts";
import { COPY_IN_CASES, COPY_TABLES } from "./copy-in-cases.ts";
import { openTestDatabase } from "./encoding.ts";
import type { RecordedCopyIn } from "./record-copy-in.ts";

// What record-copy-in.ts has written.
const RECORDED = JSON.parse(
  readFileSync(new URL("./copy-in.recorded.json", import.meta.url), "utf8"),
) as readonly RecordedCopyIn[];

beforeAll(loadParser);

const CASES = COPY_IN_CASES.map(
  ([table, options, data], index) =>
    [table, options, JSON.stringify(Buffer.from(data).toString("latin1")), index] as const,
);

test.each(CASES)(
  "COPY %s FROM STDIN (%s) of %s is PostgreSQL's",
  async (table, options, _, index) => {
    await using database = await openTestDatabase();
    const data = Buffer.from(COPY_IN_CASES[index]?.[2] ?? "");

    const into = { table, columns: COPY_TABLES[table], options: copyInOptions(options) };
    const answer = await copyInto(database, into, [data]).then(
      (rows): RecordedCopyIn => ({ rows }),
      failure,
    );

    expect(answer).toEqual(RECORDED[index]);
    // Bytes one by one.
    expect(
      await copyInto(database, into, cut(data, 1)).then((rows) => ({ rows }), failure),
    ).toEqual(answer);
  },
);

function failure(error: unknown): RecordedCopyIn {
  if (!(error instanceof PgError)) throw error;
  const { sqlstate: code, message, detail, hint, context: where } = error;
  return { error: { code, message, detail, hint, where } };
}
