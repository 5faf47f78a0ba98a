import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { copyHeader, copyTrailer } from "../../../src/engine-process/row-encoder-copy.ts";
import { COPY_CASES } from "./copy-cases.ts";
import { encodeQuery, messageBodies, openTestDatabase } from "./encoding.ts";

// What record-values.ts has written.
const RECORDED = JSON.parse(
  readFileSync(new URL("./copy.recorded.json", import.meta.url), "utf8"),
) as Record<string, string>;

test.each(COPY_CASES)("COPY as $name gives what PostgreSQL's gives", async (copyCase) => {
  await using database = await openTestDatabase();
  const header = copyHeader(copyCase.format, copyCase.header);
  const rows = await encodeQuery(database, copyCase.sql, copyCase.format);
  const messages = Buffer.concat([header ?? Buffer.alloc(0), rows.bytes]);
  expect(Buffer.concat(messageBodies(messages, "d")).toString().split("\n")).toEqual(
    RECORDED[copyCase.name]?.split("\n"),
  );
});

test("every row of a COPY is a message of its own", async () => {
  await using database = await openTestDatabase();
  const { bytes } = await encodeQuery(database, "SELECT * FROM range(3)", {
    kind: "copy-text",
    delimiter: "\t",
    nullText: "\\N",
  });
  expect(messageBodies(bytes, "d").map(String)).toEqual(["0\n", "1\n", "2\n"]);
});

test("COPY's binary format has a header and a trailer, the others have no trailer", () => {
  const binary = { kind: "copy-binary" } as const;
  expect(copyHeader(binary, undefined)?.toString("hex")).toBe(
    "64000000175047434f50590aff0d0a000000000000000000",
  );
  expect(copyTrailer(binary)?.toString("hex")).toBe("6400000006ffff");
  expect(copyTrailer({ kind: "copy-text", delimiter: "\t", nullText: "\\N" })).toBeUndefined();
});
