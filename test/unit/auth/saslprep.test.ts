import { describe, expect, test } from "vitest";
import { saslprep } from "../../../src/auth/saslprep.ts";

describe("the examples of RFC 4013, section 3", () => {
  test.each([
    ["SOFT HYPHEN is mapped to nothing", "I\u00adX", "IX"],
    ["nothing happens to ASCII", "user", "user"],
    ["case is kept", "USER", "USER"],
    ["compatibility characters are normalized", "\u00aa", "a"],
    ["so are Roman numerals", "\u2168", "IX"],
  ])("%s", (_, password, prepared) => {
    expect(saslprep(password)).toBe(prepared);
  });

  test("what the profile prohibits is used as it is", () => {
    // A letter of each direction; an unassigned code point; a private one; nothing left.
    for (const password of ["\u0627\u0031", "a\u{1f600}", "\ue000", "\u00ad"]) {
      expect(saslprep(password)).toBe(password);
    }
  });
});

test("other spaces become a space", () => {
  expect(saslprep("a\u00a0b\u3000c")).toBe("a b c");
});

test("ASCII control characters are left alone, as PostgreSQL does", () => {
  expect(saslprep("tab\u0001\t")).toBe("tab\u0001\t");
});
