import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type Copied, copied } from "./copied.ts";
import { COPY_OUT_CASES } from "./copy-out-cases.ts";

// What record-copy-out.ts has written.
const RECORDED = JSON.parse(
  readFileSync(new URL("./copy-out.recorded.json", import.meta.url), "utf8"),
) as readonly Copied[];

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ tables: { one: "x\n1\n" } });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
});

const CASES = COPY_OUT_CASES.map(
  ([query, options], index) => [query.slice(0, 30), options, index] as const,
);

describe("COPY TO STDOUT sends PostgreSQL's bytes", () => {
  test.each(CASES)("without a table: %s … %s", async (_query, _options, index) => {
    const [query, options] = COPY_OUT_CASES[index] ?? ["", ""];
    expect(await copied(gateway.url, `COPY (${query}) TO STDOUT ${options}`)).toEqual(
      RECORDED[index],
    );
  });

  test.each(CASES)("beside a table: %s … %s", async (_query, _options, index) => {
    const [query, options] = COPY_OUT_CASES[index] ?? ["", ""];
    const beside = /FROM/.test(query)
      ? `${query}, one`
      : query.replace(/(?= WHERE|$)/, " FROM one");
    expect(await copied(gateway.url, `COPY (${beside}) TO STDOUT ${options}`)).toEqual(
      RECORDED[index],
    );
  });
});
