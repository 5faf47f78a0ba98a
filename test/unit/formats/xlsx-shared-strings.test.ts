import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SharedStrings } from "../../../src/formats/xlsx-shared-strings.ts";
import { TEXT_PLAIN } from "../../../src/formats/xml-text.ts";
import { XmlTextBuffer } from "../../../src/formats/xml-text-buffer.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "bucketgres-strings-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function add(strings: SharedStrings, text: string): void {
  const buffer = new XmlTextBuffer((reason) => new Error(reason));
  const bytes = Buffer.from(text);
  buffer.append(bytes, 0, bytes.length, TEXT_PLAIN);
  strings.add(buffer);
}

test("strings come back by their number, as text and as bytes", () => {
  const strings = new SharedStrings(directory);
  const texts = ["", "a", "é 日 😀", "x".repeat(100_000), "b".repeat(60)];
  for (const text of texts) add(strings, text);
  const target = Buffer.alloc(200_000);
  texts.forEach((text, index) => {
    expect(strings.get(index)).toBe(text);
    expect(strings.byteLength(index)).toBe(Buffer.byteLength(text));
    const length = strings.copy(index, target, 7);
    expect(target.toString("utf8", 7, 7 + length)).toBe(text);
  });
  strings.close();
});

test("beyond 96 MB they are in a file without a name, and memory stays bounded", () => {
  const strings = new SharedStrings(directory);
  const before = process.memoryUsage().arrayBuffers;
  const textOf = (index: number): string => `${index}:`.padEnd(40_000 + (index % 7), "y");
  const count = 5_000;
  for (let index = 0; index < count; index++) add(strings, textOf(index));
  // 200 MB of text, of which the cache of the file's chunks may come on top.
  for (let step = 0; step < count; step++) {
    const index = (step * 2_654_435_761) % count;
    expect(strings.get(index) === textOf(index), `string ${index}`).toBe(true);
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  expect(grown).toBeLessThan(140 * 1024 * 1024);
  expect(readdirSync(directory)).toEqual([]);
  strings.close();
  expect(() => strings.get(4_000)).toThrow("closed");
});
