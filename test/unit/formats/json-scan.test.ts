import fc from "fast-check";
import { expect, test } from "vitest";
import { RecordScanner } from "../../../src/formats/json-record.ts";
import { INCOMPLETE, JSON_KIND } from "../../../src/formats/json-scan.ts";

/** Where the object at the beginning of the text ends, or -1 or -2 as the scanner has it. */
function scan(text: string): number {
  return new RecordScanner().scan(Buffer.from(text), 0);
}

function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const objects = fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue({ maxDepth: 4 }));
const texts = fc
  .tuple(objects, fc.constantFrom("", " ", "\t"))
  .map(([value, indent]) => JSON.stringify(value, undefined, indent));

test("every object that JSON.stringify writes is scanned to its end", () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(scan(text)).toBe(Buffer.byteLength(text));
    }),
  );
});

test("an object that is cut off anywhere is incomplete, and never an error", () => {
  fc.assert(
    fc.property(texts, fc.nat(), (text, at) => {
      const bytes = Buffer.from(text);
      const cut = bytes.subarray(0, at % bytes.length);
      expect(new RecordScanner().scan(cut, 0)).toBe(INCOMPLETE);
    }),
  );
});

test("with one character changed it takes what JSON.parse takes, and nothing else", () => {
  const characters = fc.constantFrom(..."{}[]\",:0123456789-+.eEtrufalsn\\/ \n\tNI'#");
  fc.assert(
    fc.property(texts, fc.nat(), characters, fc.boolean(), (text, place, character, isExtra) => {
      const at = place % text.length;
      const changed = text.slice(0, at) + character + text.slice(isExtra ? at : at + 1);
      const end = scan(changed);
      const isWhole = end >= 0 && changed.slice(end).trim() === "" && changed.startsWith("{");
      // Positions are bytes, so that only what is all ASCII can be cut by them.
      fc.pre(Buffer.byteLength(changed) === changed.length);
      expect(isWhole).toBe(parses(changed) && changed.startsWith("{"));
    }),
    { numRuns: 3000 },
  );
});

test("members are found with their kinds", () => {
  const text =
    '{ "a" : 1, "b": -1.5e3, "c":"x", "d":"2024-01-01", "e":[{}], "f":null, "g":true,"h":"\\n","i":-0,"j":1234567890123456789}';
  const scanner = new RecordScanner();
  scanner.scan(Buffer.from(text), 0);
  const members = Array.from({ length: scanner.count }, (_, index) => scanner.member(index));
  expect(
    members.map((it) => [
      text.slice(it.keyStart, it.keyEnd),
      text.slice(it.valueStart, it.valueEnd),
      it.kind,
    ]),
  ).toEqual([
    ["a", "1", JSON_KIND.integer],
    ["b", "-1.5e3", JSON_KIND.number],
    ["c", '"x"', JSON_KIND.string | JSON_KIND.notDated],
    ["d", '"2024-01-01"', JSON_KIND.string],
    ["e", "[{}]", JSON_KIND.nested],
    ["f", "null", JSON_KIND.null],
    ["g", "true", JSON_KIND.boolean],
    ["h", '"\\n"', JSON_KIND.string | JSON_KIND.escaped | JSON_KIND.notDated],
    ["i", "-0", JSON_KIND.number],
    ["j", "1234567890123456789", JSON_KIND.number],
  ]);
});
