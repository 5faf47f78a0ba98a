import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { CsvOptions } from "../../../src/formats/format.ts";
import { decodeText } from "../../../src/formats/text-decode.ts";
import samples from "./zstd-samples.recorded.json" with { type: "json" };

/** What the file becomes: its text, and whether it is read where it is. */
async function decode(
  bytes: Buffer,
  options: Pick<CsvOptions, "compression" | "encoding"> = {},
): Promise<{ text: string; isInPlace: boolean }> {
  const directory = await mkdtemp(join(tmpdir(), "bucketgres-text-"));
  try {
    const source = join(directory, "source");
    await writeFile(source, bytes);
    const decoded = await decodeText(source, {
      file: "file.csv",
      kind: "csv",
      target: join(directory, "target"),
      compression: options.compression,
      encoding: options.encoding,
      signal: new AbortController().signal,
    });
    const text = await readFile(decoded.path);
    expect(decoded.bytes).toBe(text.length);
    return {
      text: text.toString("utf8", decoded.bomBytes),
      isInPlace: decoded.path === source,
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const BIG = `id,name\n${Array.from({ length: 300_000 }, (_, row) => `${row},käse\n`).join("")}`;

/** As the samples were made of. */
const SAMPLE_TEXT = `id,name,note\n${Array.from(
  { length: 3000 },
  (_, row) => `${row + 1},name ${((row + 1) * 7919) % 101},${"ab".repeat((row + 1) % 7)}\n`,
).join("")}`;

test("plain UTF-8 is read where it is, with and without a byte order mark", async () => {
  expect(await decode(Buffer.from("ä,b\n"))).toEqual({ text: "ä,b\n", isInPlace: true });
  expect(await decode(Buffer.from("\ufeffä,b\n"))).toEqual({ text: "ä,b\n", isInPlace: true });
});

test("a character may lie across any border between two pieces of the file", async () => {
  for (const shift of ["", "x", "xx", "xxx"]) {
    const text = shift + "😀".repeat(600_000);
    expect((await decode(Buffer.from(text))).text === text).toBe(true);
  }
});

test("byte order marks say which UTF-16 it is, and an option says it without one", async () => {
  const little = Buffer.from("名前,Łódź\n", "utf16le");
  const big = Buffer.from(little).swap16();
  expect((await decode(Buffer.concat([Buffer.from([0xff, 0xfe]), little]))).text).toBe(
    "名前,Łódź\n",
  );
  expect((await decode(Buffer.concat([Buffer.from([0xfe, 0xff]), big]))).text).toBe("名前,Łódź\n");
  expect((await decode(little, { encoding: "utf-16" })).text).toBe("名前,Łódź\n");
  expect((await decode(big, { encoding: "utf-16be" })).text).toBe("名前,Łódź\n");
});

test("UTF-16 without a mark is read, and text that only has NUL bytes is refused", async () => {
  expect((await decode(Buffer.from("id,name\n1,x\n", "utf16le"))).text).toBe("id,name\n1,x\n");
  await expect(decode(Buffer.from("id\0\0name\0\0\n1,x\n"))).rejects.toMatchObject({
    sqlstate: "22021",
  });
});

test("windows-1252 has letters and punctuation from 0x80 to 0x9f, and latin-1 is taken for it", async () => {
  const bytes = Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x2c, 0x80, 0x93, 0x0a]);
  expect((await decode(bytes, { encoding: "windows-1252" })).text).toBe("café,€“\n");
  expect((await decode(bytes, { encoding: "latin-1" })).text).toBe("café,€“\n");
});

test("a byte that is not UTF-8 is named with its line, however far behind", async () => {
  const bytes = Buffer.concat([Buffer.from(BIG), Buffer.from([0x63, 0xe9, 0x0a])]);
  await expect(decode(bytes)).rejects.toThrowError(
    'invalid byte sequence for encoding "UTF8": 0xe9 in line 300002 of file "file.csv"',
  );
});

test("a character that the file's end cuts off is named, too", async () => {
  await expect(decode(Buffer.from([0x61, 0x0a, 0xe5, 0x90]))).rejects.toThrowError(
    /0xe5 in line 2/,
  );
});

test("a NUL byte is refused with its line", async () => {
  await expect(decode(Buffer.from("a,b\r\n1,x\0y\r\n"))).rejects.toThrowError(/0x00 in line 2/);
});

test("gzip is unpacked by its first bytes, whatever the name says, with all its members", async () => {
  const members = Buffer.concat([gzipSync("a,b\n1,x\n"), gzipSync("2,ü\n")]);
  expect(await decode(members)).toEqual({ text: "a,b\n1,x\n2,ü\n", isInPlace: false });
  expect((await decode(gzipSync(BIG))).text === BIG).toBe(true);
});

test("gzip that was cut off or damaged is an error, never just shorter", async () => {
  const bytes = gzipSync(BIG);
  const damaged = Buffer.from(bytes);
  damaged.writeUInt32LE(1, damaged.length - 8);
  await expect(decode(bytes.subarray(0, 1000))).rejects.toThrowError(
    /gzip data: it ends too early/,
  );
  await expect(decode(damaged)).rejects.toThrowError(
    /gzip data: its checksum or structure is wrong/,
  );
});

test.each(Object.entries(samples))("Zstandard is unpacked: %s", async (name, base64) => {
  const expected = name === "tiny" ? "a,b\n1,x\n" : SAMPLE_TEXT;
  expect((await decode(Buffer.from(base64, "base64"))).text === expected).toBe(true);
});

test("Zstandard that was cut off anywhere is an error, and so is every flipped bit", async () => {
  const bytes = Buffer.from(samples["level 3"], "base64");
  for (let at = 5; at < bytes.length; at += 997) {
    await expect(decode(bytes.subarray(0, at))).rejects.toThrowError(/corrupt zstd data/);
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] ?? 0) ^ 0x10;
    await expect(decode(damaged)).rejects.toThrowError(/corrupt zstd data/);
  }
});

test("a compression that the file is not in is refused", async () => {
  await expect(decode(Buffer.from("a,b\n"), { compression: "gzip" })).rejects.toThrowError(
    'file "file.csv" is not gzip data',
  );
});

test.each([
  ["an HTML page", "<!DOCTYPE html><html>"],
  ["an XML document", '\n<?xml version="1.0"?>\n<Error/>'],
  ["JSON", '{"a":1}\n{"a":2}\n'],
  ["a zip archive or an Excel workbook (xlsx)", "PK\u0003\u0004rest"],
])("%s is refused by name", async (what, text) => {
  await expect(decode(Buffer.from(text))).rejects.toThrowError(
    `file "file.csv" is ${what}, not a CSV`,
  );
});
