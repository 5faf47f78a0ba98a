import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ObjectKey } from "../../../src/core/brands.ts";
import { isKeyPattern, keyPattern, literalPattern } from "../../../src/store/key-pattern.ts";
import { matchKeys } from "../../support/match-keys.ts";
import { startS3Store } from "../../support/s3-store-fixture.ts";

describe("a pattern matches whole keys", () => {
  test.each<[pattern: string, yes: string[], no: string[]]>([
    ["a.csv", ["a.csv"], ["a.csvx", "xa.csv", "aXcsv", ""]],
    ["*.csv", ["a.csv", ".csv", "ä😀.csv"], ["x/a.csv", "a.csv/", "a.CSV"]],
    ["s/*/a.csv", ["s/2024/a.csv", "s//a.csv"], ["s/a.csv", "s/2024/01/a.csv"]],
    ["s/**", ["s/a", "s/a/b", "s/"], ["s", "t/a"]],
    ["s/**/a.csv", ["s/a.csv", "s/1/a.csv", "s/1/2/a.csv"], ["s/xa.csv", "sa.csv", "s/1/a.csvx"]],
    ["**/a.csv", ["a.csv", "s/a.csv", "s/1/a.csv"], ["xa.csv"]],
    ["**.csv", ["a.csv", "s/1/a.csv"], ["a.xlsx"]],
    ["s**z", ["sz", "s/z", "sxyz", "s/a/b/z"], ["s/z/"]],
    ["a?c", ["abc", "a😀c", "aäc"], ["ac", "a/c", "abbc"]],
    ["a[bx-z]c", ["abc", "axc", "ayc", "azc"], ["aac", "a/c", "ac", "a-c"]],
    ["a[!b-d]c", ["aac", "aec", "a😀c"], ["abc", "acc", "a/c"]],
    ["a[^b]c", ["aac"], ["abc"]],
    ["a[]b]c", ["a]c", "abc"], ["aac"]],
    ["a[!]]c", ["abc"], ["a]c"]],
    ["a[b-]c", ["abc", "a-c"], ["aac"]],
    ["a[\\]\\-x]c", ["a]c", "a-c", "axc"], ["a\\c"]],
    ["a[α-γ]c", ["aβc"], ["aδc"]],
    ["{a,b}.csv", ["a.csv", "b.csv"], ["c.csv", "ab.csv", "{a,b}.csv"]],
    ["{a,}x", ["ax", "x"], ["bx"]],
    ["s/{2024/*,old/{a,b}}.csv", ["s/2024/x.csv", "s/old/a.csv"], ["s/old/c.csv", "s/2024.csv"]],
    ["x/{**/a,b}.csv", ["x/a.csv", "x/1/2/a.csv", "x/b.csv"], ["x/1/b.csv", "xa.csv"]],
    ["a\\*\\?\\[\\{\\\\", ["a*?[{\\"], ["ab?[{\\"]],
    ["a,b}]", ["a,b}]"], ["a"]],
    ["", [""], ["a"]],
  ])("%s", (pattern, yes, no) => {
    const { matches, prefix } = keyPattern(pattern);

    expect(yes.filter((key) => !matches(key))).toEqual([]);
    expect(no.filter((key) => matches(key))).toEqual([]);
    expect(yes.filter((key) => !key.startsWith(prefix))).toEqual([]);
  });
});

test.each([
  ["sales/2024/*.csv", "sales/2024/"],
  ["sales/20{23,24}/*.csv", "sales/202"],
  ["sales/{a,b}/x", "sales/"],
  ["sales/{ab*c,abd}/x", "sales/ab"],
  ["sales/{abc}", "sales/abc"],
  ["sales/[a]", "sales/"],
  ["a\\*b*", "a*b"],
  ["**/x", ""],
  ["plain.csv", "plain.csv"],
  ["{\u{1F600},\u{1F601}}", ""],
])("what is listed for %s is %s", (pattern, prefix) => {
  expect(keyPattern(pattern).prefix).toBe(prefix);
});

test.each([
  ["a[b", 'a "[" is not closed'],
  ["a[!]", 'a "[" is not closed'],
  ["a{b,c", 'a "{" is not closed'],
  ["{", 'a "{" is not closed'],
  ["a\\", "a backslash stands at the end"],
  ["[z-a]", "the range z-a is empty"],
])("the pattern %s is refused", (pattern, reason) => {
  expect(() => keyPattern(pattern)).toThrow(
    expect.objectContaining({
      sqlstate: "22023",
      message: `invalid pattern "${pattern}": ${reason}`,
      hint: "Put a backslash before a character that is to stand for itself.",
    }),
  );
});

test("a pattern longer than any key is refused before it is read", () => {
  expect(() => keyPattern("{".repeat(100_000))).toThrow(
    expect.objectContaining({
      sqlstate: "54000",
      message: "a pattern is longer than 1024 characters",
    }),
  );
});

test("no pattern is slow on any key", () => {
  const pattern = `${"*a".repeat(300)}${"{**,*}".repeat(50)}b`;

  // Trying the stars one by one would take longer than the universe is old.
  expect(keyPattern(pattern).matches("a".repeat(1024))).toBe(false);
});

test("only characters with a meaning make a pattern of a key", () => {
  expect(["a.csv", "a b/c-d_(1).csv", "a]b}c,d"].filter(isKeyPattern)).toEqual([]);
  expect(["*", "a?", "[", "{", "\\"].filter(isKeyPattern)).toHaveLength(5);
});

/** Few letters, so that keys and patterns meet often. */
const keys = fc.string({ unit: fc.constantFrom("a", "b", "c", "/", "."), maxLength: 8 });
const pieces = fc.constantFrom("a", "b", "/", ".", "*", "**", "**/", "?", "[ab]", "[!a]", "{a,b/}");
const patterns = fc.array(pieces, { maxLength: 7 }).map((parts) => parts.join(""));

test("a pattern matches what its plain meaning matches", () => {
  fc.assert(
    fc.property(patterns, keys, (pattern, key) => {
      expect(keyPattern(pattern).matches(key)).toBe(plainlyMatches(tokensOf(pattern), key));
    }),
    { numRuns: 5000 },
  );
});

test("a key that matches is always among what is listed", () => {
  fc.assert(
    fc.property(patterns, keys, (pattern, key) => {
      const { prefix, matches } = keyPattern(pattern);
      fc.pre(matches(key));
      expect(key.startsWith(prefix)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("a key taken literally matches itself and nothing else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (key, other) => {
      const { matches, prefix } = keyPattern(literalPattern(key as ObjectKey));
      expect(matches(key)).toBe(true);
      expect(prefix).toBe(key);
      expect(matches(other)).toBe(other === key);
    }),
  );
});

test("markers of folders match nothing", async () => {
  await using fixture = await startS3Store({ "s/": "", "s/x/": "", "s/x/a.csv": "a" });
  const found: string[] = [];

  for await (const page of matchKeys(fixture.store, "s/**")) {
    found.push(...page.map(({ key }) => String(key)));
  }

  expect(found).toEqual(["s/x/a.csv"]);
  expect(fixture.s3.requests.map(({ query }) => query["prefix"])).toEqual(["s/"]);
});

/** The pieces that `patterns` is made of, as stars next to each other run together. */
function tokensOf(pattern: string): string[] {
  return pattern.match(/\*\*+|\{a,b\/\}|\[ab\]|\[!a\]|./g) ?? [];
}

/** The meaning, spelled out by trying everything; too slow for anything but a test. */
function plainlyMatches(tokens: readonly string[], key: string, atFolderStart = true): boolean {
  const [token, ...rest] = tokens;
  if (token === undefined) return key === "";
  const [first = ""] = key;
  const takesOne = (fits: boolean) =>
    first !== "" && fits && plainlyMatches(rest, key.slice(1), token === "/");
  const takesAny = (fits: (taken: string) => boolean) =>
    Array.from({ length: key.length + 1 }, (_, length) => key.slice(0, length)).some(
      (taken) => fits(taken) && plainlyMatches(rest, key.slice(taken.length), false),
    );
  switch (token) {
    case "?":
      return takesOne(first !== "/");
    case "[ab]":
      return takesOne(first === "a" || first === "b");
    case "[!a]":
      return takesOne(first !== "a" && first !== "/");
    case "{a,b/}":
      return (
        (key.startsWith("a") && plainlyMatches(rest, key.slice(1), false)) ||
        (key.startsWith("b/") && plainlyMatches(rest, key.slice(2), false))
      );
    case "*":
      return takesAny((taken) => !taken.includes("/"));
    default:
      if (!token.startsWith("**")) return takesOne(first === token);
      if (!atFolderStart || rest[0] !== "/") return takesAny(() => true);
      return Array.from({ length: key.length + 1 }, (_, length) => key.slice(0, length)).some(
        (taken) =>
          (taken === "" || taken.endsWith("/")) &&
          plainlyMatches(rest.slice(1), key.slice(taken.length), true),
      );
  }
}
