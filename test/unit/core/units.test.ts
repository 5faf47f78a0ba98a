import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  formatDuration,
  formatSize,
  parseDuration,
  parsePercentage,
  parseSize,
} from "../../../src/core/units.ts";

describe("sizes", () => {
  test.each([
    ["0", 0],
    ["1B", 1],
    ["512MB", 512 * 1024 ** 2],
    ["512 mb", 512 * 1024 ** 2],
    ["1.5GB", 1.5 * 1024 ** 3],
    ["2TB", 2 * 1024 ** 4],
    [" 64kB ", 64 * 1024],
  ])("%j is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toEqual({ ok: true, value: bytes });
  });

  test.each(["", "5", "MB", "-1MB", "1e3MB", "5 m", "1MiB", "0x10B", "1,5GB", "NaN", "٣MB"])(
    "%j is refused with the units that there are",
    (text) => {
      const expected = "a size such as 512MB (B, KB, MB, GB, TB)";
      expect(parseSize(text)).toEqual({ ok: false, expected });
    },
  );

  test("a size that a number cannot hold exactly is refused", () => {
    expect(parseSize("9000TB")).toEqual({ ok: false, expected: "a size below 8192TB" });
  });

  test("a size survives being written and read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
        expect(parseSize(formatSize(bytes))).toEqual({ ok: true, value: bytes });
      }),
    );
  });

  test("the shortest exact unit is written", () => {
    const sizes = [0, 1, 1536, 64 * 1024 ** 2, 1.5 * 1024 ** 3].map(formatSize);
    expect(sizes).toEqual(["0", "1B", "1536B", "64MB", "1536MB"]);
  });
});

describe("durations", () => {
  test.each([
    ["0", 0],
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["1.5 h", 5_400_000],
    ["7d", 604_800_000],
  ])("%j is %d milliseconds", (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: ms });
  });

  test.each(["soon", "30", "-1s", "1 month", "30 s s", "5M B"])("%j is refused", (text) => {
    const expected = "a duration such as 30s (ms, s, m, h, d)";
    expect(parseDuration(text)).toEqual({ ok: false, expected });
  });

  test("a duration past what a timer takes is refused", () => {
    expect(parseDuration("24d")).toMatchObject({ ok: true });
    expect(parseDuration("25d")).toEqual({ ok: false, expected: "a duration of at most 24d" });
  });

  test("a duration survives being written and read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, value: ms });
      }),
    );
  });
});

test("a percentage is a fraction of the whole, and never nothing or more than all", () => {
  expect(parsePercentage("60%")).toEqual({ ok: true, value: 0.6 });
  expect(parsePercentage("100 %")).toEqual({ ok: true, value: 1 });
  const refused = ["0%", "101%", "60", "%", "-5%"].map((text) => parsePercentage(text).ok);
  expect(refused).toEqual([false, false, false, false, false]);
});
