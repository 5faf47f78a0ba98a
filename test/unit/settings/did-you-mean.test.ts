import fc from "fast-check";
import { expect, test } from "vitest";
import { didYouMean, editDistance, nearest } from "../../../src/settings/did-you-mean.ts";

test.each([
  ["", "", 0],
  ["abc", "abc", 0],
  ["kitten", "sitting", 3],
  ["delimeter", "delimiter", 1],
  // A swap of neighbours is one mistake.
  ["prot", "port", 1],
  ["", "abc", 3],
])("between %j and %j are %d mistakes", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test("the distance is the same in both directions and never more than the longer word", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
    }),
  );
});

test("only words that are near are suggested, the nearest of them", () => {
  expect(nearest("delimeter", ["decimal", "delimiter"])).toBe("delimiter");
  expect(nearest("zzz", ["port", "host"])).toBeUndefined();
  expect(nearest("x", ["y"])).toBeUndefined();
  expect(nearest("PORT", ["port"])).toBe("port");
  expect(didYouMean("hots", ["host", "port"])).toBe('; did you mean "host"?');
  expect(didYouMean("zzz", ["host"])).toBe("");
});
