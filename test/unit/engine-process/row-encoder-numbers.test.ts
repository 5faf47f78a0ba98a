import fc from "fast-check";
import { expect, test } from "vitest";
import {
  putDate,
  putTime,
  putTimestamp,
  putTimestampBinary,
  putTimestamptz,
} from "../../../src/engine-process/row-encoder-datetime.ts";
import {
  putDecimal,
  putDecimal64,
  putDecimal128,
  putInt64,
  putInt128,
  putInteger,
  putUint64,
} from "../../../src/engine-process/row-encoder-digits.ts";
import { putFloat4, putFloat8 } from "../../../src/engine-process/row-encoder-floats.ts";
import {
  putNumeric,
  putNumeric64,
  putNumeric128,
} from "../../../src/engine-process/row-encoder-numeric.ts";
import {
  dateText,
  timestampPgMicros,
  timestampText,
  timestamptzText,
  timeText,
} from "../../../src/pgtypes/datetime.ts";
import { float4Text, float8Text } from "../../../src/pgtypes/floats.ts";
import { numericBinary, numericText } from "../../../src/pgtypes/numeric.ts";
import { TimeZone } from "../../../src/pgtypes/time-zone.ts";

/** A page and a vector's data with one value in it. */
function workbench() {
  const page = Buffer.alloc(200);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const source = new DataView(new ArrayBuffer(32));
  return {
    source,
    view,
    page,
    text: (end: number) => page.toString("latin1", 3, end),
    hex: (end: number) => page.toString("hex", 3, end),
  };
}

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 53n) - 3n, max: 2n ** 53n + 3n }),
  fc.maxSafeInteger().map(BigInt),
  fc.integer().map(BigInt),
);

test("integers of every width read like BigInt writes them", () => {
  const { source, view, text } = workbench();
  fc.assert(
    fc.property(int64, (value) => {
      source.setBigInt64(8, value, true);
      expect(text(putInt64(view, 3, source, 8))).toBe(String(value));
      expect(text(putUint64(view, 3, source, 8))).toBe(String(BigInt.asUintN(64, value)));
      source.setBigInt64(16, value >> 63n, true);
      expect(text(putInt128(view, 3, source, 8))).toBe(String(value));
      const narrow = Number(BigInt.asIntN(32, value));
      expect(text(putInteger(view, 3, narrow))).toBe(String(narrow));
    }),
    { numRuns: 3000 },
  );
});

test("decimals of every width and scale equal the exact way, in text and in binary", () => {
  const { source, view, page, text, hex } = workbench();
  fc.assert(
    fc.property(int64, fc.integer({ min: 0, max: 18 }), (anyValue, scale) => {
      const value = anyValue % 10n ** 18n;
      const power = 10 ** scale;
      const padding = 10 ** ((4 - (scale % 4)) % 4);
      source.setBigInt64(8, value, true);
      source.setBigInt64(16, value >> 63n, true);
      expect(text(putDecimal64(view, 3, source, 8, scale, power))).toBe(numericText(value, scale));
      expect(text(putDecimal128(view, 3, source, 8, scale))).toBe(numericText(value, scale));
      const binary = numericBinary(value, scale).toString("hex");
      expect(hex(putNumeric64(view, page, 3, source, 8, scale, power, padding))).toBe(binary);
      expect(hex(putNumeric128(view, page, 3, source, 8, scale))).toBe(binary);
    }),
    { numRuns: 5000 },
  );
});

test("decimals of up to nine digits, too", () => {
  const { view, text, hex } = workbench();
  const nine = fc.integer({ min: -999_999_999, max: 999_999_999 });
  fc.assert(
    fc.property(nine, fc.integer({ min: 0, max: 9 }), (value, scale) => {
      const power = 10 ** scale;
      const padding = 10 ** ((4 - (scale % 4)) % 4);
      expect(text(putDecimal(view, 3, value, scale, power))).toBe(
        numericText(BigInt(value), scale),
      );
      expect(hex(putNumeric(view, 3, value, scale, power, padding))).toBe(
        numericBinary(BigInt(value), scale).toString("hex"),
      );
    }),
    { numRuns: 5000 },
  );
});

test("floats equal the careful way", () => {
  const { source, view, text } = workbench();
  const short = fc
    .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 }))
    .map(([digits, decimals]) => digits / 10 ** decimals);
  fc.assert(
    fc.property(fc.oneof(fc.double(), short), (value) => {
      source.setFloat64(8, value, true);
      expect(text(putFloat8(view, 3, source, 8))).toBe(float8Text(value));
      source.setFloat32(8, value, true);
      expect(text(putFloat4(view, 3, source, 8))).toBe(float4Text(Math.fround(value)));
    }),
    { numRuns: 5000 },
  );
});

test("the text of a float reads back as the same float", () => {
  fc.assert(
    fc.property(fc.double(), fc.float(), (double, float) => {
      expect(Object.is(Number(float8Text(double)), double)).toBe(true);
      expect(Object.is(Math.fround(Number(float4Text(float))), float)).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("dates and times equal the careful way, in any zone", () => {
  const { source, view, text, page } = workbench();
  const zones = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"].map(
    (name) => new TimeZone(name),
  );
  const micros = fc.oneof(
    fc.bigInt({ min: -4_000_000_000_000_000n, max: 5_000_000_000_000_000n }),
    fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
    fc.integer({ min: -30_000, max: 60_000 }).map((day) => BigInt(day) * 86_400_000_000n - 1n),
  );
  fc.assert(
    fc.property(micros, fc.constantFrom(...zones), (value, zone) => {
      source.setBigInt64(8, value, true);
      expect(text(putTimestamp(view, 3, source, 8))).toBe(timestampText(value));
      expect(text(putTimestamptz(view, 3, source, 8, zone))).toBe(timestamptzText(value, zone));
      putTimestampBinary(view, 3, source, 8);
      expect(page.readBigInt64BE(3)).toBe(timestampPgMicros(value));
      const days = Number(value % 100_000n);
      expect(text(putDate(view, 3, days))).toBe(dateText(days));
      const time = ((value % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n;
      source.setBigInt64(8, time, true);
      expect(text(putTime(view, 3, source, 8))).toBe(timeText(time));
    }),
    { numRuns: 4000 },
  );
});
