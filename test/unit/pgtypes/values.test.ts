import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { civilDate, daysOfCivil } from "../../../src/pgtypes/datetime.ts";
import { intervalText, parseInterval } from "../../../src/pgtypes/interval.ts";
import {
  numericBinary,
  numericText,
  parseNumeric,
  readNumericBinary,
} from "../../../src/pgtypes/numeric.ts";
import { offsetText, TimeZone } from "../../../src/pgtypes/time-zone.ts";

test("numerics survive text and binary", () => {
  const digits = fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n });
  fc.assert(
    fc.property(digits, fc.integer({ min: 0, max: 40 }), (unscaled, scale) => {
      expect(parseNumeric(numericText(unscaled, scale))).toEqual({ unscaled, scale });
      expect(readNumericBinary(numericBinary(unscaled, scale))).toEqual({ unscaled, scale });
    }),
  );
});

test("dates are those of JavaScript's calendar", () => {
  fc.assert(
    fc.property(fc.integer({ min: -90_000_000, max: 90_000_000 }), (days) => {
      const date = new Date(days * 86_400_000);
      const civil = civilDate(days);
      expect(civil).toEqual({
        year: date.getUTCFullYear(),
        month: date.getUTCMonth() + 1,
        day: date.getUTCDate(),
      });
      expect(daysOfCivil(civil)).toBe(days);
    }),
  );
});

test("intervals survive their text", () => {
  const small = fc.integer({ min: -20_000, max: 20_000 });
  const micros = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
  fc.assert(
    fc.property(small, small, micros, (months, days, time) => {
      // A number has no negative zero here, and the text has none either.
      const interval = { months: months + 0, days: days + 0, micros: time };
      expect(parseInterval(intervalText(interval))).toEqual(interval);
    }),
  );
});

describe("a time zone", () => {
  test("agrees with Intl wherever it is asked", () => {
    const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: -2_000_000_000, max: 4_000_000_000 }),
        (name, seconds) => {
          const parts = new Intl.DateTimeFormat("en-US", {
            timeZone: name,
            timeZoneName: "longOffset",
          })
            .formatToParts(seconds * 1000)
            .find(({ type }) => type === "timeZoneName");
          const [, sign = "+", hours = "0", minutes = "0", rest = "0"] =
            /GMT(?:([-+])(\d+):(\d+)(?::(\d+))?)?/.exec(parts?.value ?? "") ?? [];
          const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
          expect(new TimeZone(name).offsetAt(seconds)).toBe(sign === "-" ? 0 - offset : offset);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("changes on the second", () => {
    const berlin = new TimeZone("Europe/Berlin");
    const change = Date.UTC(2024, 2, 31, 1) / 1000;
    expect([berlin.offsetAt(change - 1), berlin.offsetAt(change)]).toEqual([3600, 7200]);
  });

  test.each([
    ["UTC", 0],
    ["Etc/UTC", 0],
    ["<+02>-02", 7200],
    ["<-0530>+05:30", -19_800],
  ])("%s never changes", (name, offset) => {
    expect(new TimeZone(name).fixedOffset).toBe(offset);
  });

  test("that nobody knows is a RangeError", () => {
    expect(() => new TimeZone("Nowhere/Land")).toThrow(RangeError);
  });

  test.each([
    [0, "+00"],
    [7200, "+02"],
    [-12_600, "-03:30"],
    [-75, "-00:01:15"],
  ])("%i seconds are written %s", (offset, text) => {
    expect(offsetText(offset)).toBe(text);
  });
});
