import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeZip } from "../../../examples/data/make-xlsx.ts";
import { LIMITS } from "../../../src/core/limits.ts";
import { PgError } from "../../../src/core/pg-error.ts";
import { ZipArchive, type ZipLimits } from "../../../src/formats/zip-archive.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "bucketgres-zip-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Unpacks one entry of an archive, as text. */
async function unpack(
  archive: Buffer,
  name: string,
  limits: ZipLimits = LIMITS.workbook,
): Promise<string> {
  const path = join(directory, "test.zip");
  writeFileSync(path, archive);
  await using file = await open(path);
  const zip = await ZipArchive.open(file, archive.length, limits);
  const chunks: Buffer[] = [];
  for await (const chunk of zip.read(name)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("compressed and stored entries give their content", async () => {
  const zip = makeZip([
    { name: "a.xml", content: "text ".repeat(100_000) },
    { name: "b.xml", content: "stored", isStored: true },
    { name: "empty.xml", content: "" },
  ]);
  expect(await unpack(zip, "a.xml")).toBe("text ".repeat(100_000));
  expect(await unpack(zip, "b.xml")).toBe("stored");
  expect(await unpack(zip, "empty.xml")).toBe("");
});

test("names are found whatever their case, slashes and place", async () => {
  const zip = makeZip([{ name: "XL\\Sheet1.xml", content: "found" }]);
  expect(await unpack(zip, "/xl/sheet1.xml")).toBe("found");
});

test("of two entries with one name the last counts", async () => {
  const zip = makeZip([
    { name: "a", content: "first" },
    { name: "a", content: "second" },
  ]);
  expect(await unpack(zip, "a")).toBe("second");
});

test("a comment at the end of the archive is passed over, even one that looks like an end", async () => {
  const zip = makeZip([{ name: "a", content: "found" }]);
  const comment = Buffer.from("PK\x05\x06 this is only a comment, of some length");
  zip.writeUInt16LE(comment.length, zip.length - 2);
  expect(await unpack(Buffer.concat([zip, comment]), "a")).toBe("found");
});

test("sizes and offsets in ZIP64 fields are followed", async () => {
  const zip = asZip64(makeZip([{ name: "a", content: "found in a large archive" }]));
  expect(await unpack(zip, "a")).toBe("found in a large archive");
});

test.each([
  ["a wrong checksum", { content: "x", crc: 1 }, "checksum or size"],
  ["a size too small", { content: "xxxxxx", unpackedBytes: 3 }, "checksum or size"],
  ["a size too large", { content: "x", unpackedBytes: 3 }, "checksum or size"],
  ["broken data", { content: "x", packed: Buffer.from([255, 255, 255]) }, "compressed data"],
  [
    "data that ends early",
    { content: "x".repeat(999), packed: deflateRawSync("x".repeat(999)).subarray(0, 5) },
    "compressed data",
  ],
  ["a password", { content: "x", flags: 1 }, "password protected"],
])("an entry with %s is refused", async (_what, entry, message) => {
  const zip = makeZip([{ name: "a", ...entry }]);
  await expect(unpack(zip, "a")).rejects.toThrow(message);
});

test("an archive cut anywhere is refused, and never read as a shorter one", async () => {
  const zip = makeZip([
    { name: "a", content: "some text" },
    { name: "b", content: "more text" },
  ]);
  for (let length = 4; length < zip.length; length += 7) {
    await expect(unpack(zip.subarray(0, length), "a")).rejects.toBeInstanceOf(PgError);
  }
});

test("noise in any byte of the structure is an error of the file and never ours", async () => {
  const zip = makeZip([{ name: "a", content: "some text" }]);
  for (let index = 0; index < zip.length; index++) {
    const noisy = Buffer.from(zip);
    noisy[index] = (noisy[index] ?? 0) ^ 0xff;
    const outcome = await unpack(noisy, "a").catch((error: unknown) => error);
    const text = outcome instanceof PgError ? "some text" : outcome;
    expect(text, `byte ${index}`).toBe("some text");
  }
});

test("entries that share their bytes are refused", async () => {
  const zip = makeZip([
    { name: "a", content: "some text that is long enough to be compressed" },
    { name: "b", content: "more text" },
  ]);
  // The second entry of the directory is said to begin inside the first.
  const second = zip.indexOf("b", zip.indexOf("PK\x01\x02")) - 46;
  for (const offset of [0, 10]) {
    zip.writeUInt32LE(offset, second + 42);
    await expect(unpack(zip, "a")).rejects.toMatchObject({
      message: expect.stringContaining("entries overlap"),
      hint: expect.stringContaining("again"),
    });
  }
});

test("what unpacks to too much is refused before it is unpacked", async () => {
  const limits = { ...LIMITS.workbook, unpackedBytes: 3_000_000, expansionFreeBytes: 1_000_000 };
  const bomb = makeZip([{ name: "a", content: "x".repeat(2_000_000) }]);
  await expect(unpack(bomb, "a", limits)).rejects.toThrow("more than 400 times its size");
  const large = makeZip([{ name: "a", content: "x".repeat(4_000_000), isStored: true }]);
  await expect(unpack(large, "a", limits)).rejects.toThrow("unpacks to more than 2 MB");
  const many = makeZip(
    Array.from({ length: 20 }, (_, index) => ({ name: `${index}`, content: "" })),
  );
  await expect(unpack(many, "1", { ...limits, zipEntries: 10 })).rejects.toThrow(
    "too many entries",
  );
});

/** The same archive with its one entry's sizes, and its directory's place, in ZIP64 fields. */
function asZip64(zip: Buffer): Buffer {
  const end = zip.length - 22;
  const directoryStart = zip.readUInt32LE(end + 16);
  const header = Buffer.from(zip.subarray(directoryStart, end));
  const extra = Buffer.alloc(28);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(24, 2);
  extra.writeBigUInt64LE(BigInt(header.readUInt32LE(24)), 4);
  extra.writeBigUInt64LE(BigInt(header.readUInt32LE(20)), 12);
  extra.writeBigUInt64LE(BigInt(header.readUInt32LE(42)), 20);
  header.fill(0xff, 20, 28);
  header.fill(0xff, 42, 46);
  header.writeUInt16LE(extra.length, 30);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(1n, 32);
  end64.writeBigUInt64LE(BigInt(header.length + extra.length), 40);
  end64.writeBigUInt64LE(BigInt(directoryStart), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(directoryStart + header.length + extra.length), 8);
  const plainEnd = Buffer.from(zip.subarray(end));
  plainEnd.fill(0xff, 8, 20);
  return Buffer.concat([zip.subarray(0, directoryStart), header, extra, end64, locator, plainEnd]);
}
