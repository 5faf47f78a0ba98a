import { expect, test } from "vitest";
import { formatOfKey } from "../../../src/catalog/source-reference.ts";

test.each([
  ["a.parquet", "parquet"],
  ["a.JSON", "json"],
  ["a.json.gz", "json"],
  ["a.ndjson.zst", "ndjson"],
  ["a.jsonl", "ndjson"],
  ["2024/*.csv.gz", "csv"],
  ["a.parquet.gz", undefined],
])("the extension of %s tells the format %s", (key, format) => {
  expect(formatOfKey(key)).toBe(format);
});
