import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  arrayFromLatin1,
  type CellText,
  clientEncodingByName,
  rowsInLatin1,
  utf8FromLatin1,
} from "../../../src/protocol/client-encoding.ts";
import { int16, int32, message } from "../../support/frontend.ts";

function dataRow(...cells: readonly (Buffer | null)[]): Buffer {
  const values = cells.map((cell) =>
    cell === null ? int32(-1) : Buffer.concat([int32(cell.length), cell]),
  );
  return message("D", int16(cells.length), ...values);
}

/** One dimension, as array_send writes it. */
function textArray(...elements: readonly (Buffer | null)[]): Buffer {
  const values = elements.map((cell) =>
    cell === null ? int32(-1) : Buffer.concat([int32(cell.length), cell]),
  );
  return Buffer.concat([
    int32(1),
    int32(0),
    int32(25),
    int32(elements.length),
    int32(1),
    ...values,
  ]);
}

const latin1Text = fc.string({
  unit: fc.integer({ min: 1, max: 0xff }).map((code) => String.fromCharCode(code)),
});
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
const cell = fc.oneof(
  fc.record({ kind: fc.constant<CellText>("text"), text: fc.option(latin1Text) }),
  fc.record({ kind: fc.constant<CellText>("text array"), texts: fc.array(fc.option(latin1Text)) }),
  fc.record({ kind: fc.constant<CellText>("bytes"), raw: bytes }),
);
type Cell = typeof cell extends fc.Arbitrary<infer T> ? T : never;

function cellIn(encoding: BufferEncoding, value: Cell): Buffer | null {
  const encoded = (text: string | null) => (text === null ? null : Buffer.from(text, encoding));
  if ("text" in value) return encoded(value.text);
  return "raw" in value ? value.raw : textArray(...value.texts.map(encoded));
}

test("rows are the same in LATIN1 as if they had been written in it", () => {
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 5 }), fc.integer({ min: 1, max: 3 }), (cells, rows) => {
      const page = (encoding: BufferEncoding) =>
        Buffer.concat(
          Array.from({ length: rows }, () =>
            dataRow(...cells.map((value) => cellIn(encoding, value))),
          ),
        );

      const { messages, error } = rowsInLatin1(
        page("utf8"),
        cells.map(({ kind }) => kind),
      );

      expect(error).toBeUndefined();
      expect(messages).toEqual(page("latin1"));
    }),
  );
});

test("text and arrays of text come back from LATIN1", () => {
  fc.assert(
    fc.property(fc.array(fc.option(latin1Text)), (texts) => {
      const inEncoding = (encoding: BufferEncoding) =>
        textArray(...texts.map((text) => (text === null ? null : Buffer.from(text, encoding))));

      expect(arrayFromLatin1(inEncoding("latin1"))).toEqual(inEncoding("utf8"));
    }),
  );
  expect(utf8FromLatin1(Buffer.from("Größe", "latin1"))).toEqual(Buffer.from("Größe"));
});

test("what is no array stays as it came, whatever it is", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (noise) => {
      const array = Buffer.from(noise);
      expect(() => arrayFromLatin1(array)).not.toThrow();
    }),
  );
});

test.each([
  ["€", "0xe2 0x82 0xac"],
  ["Ā", "0xc4 0x80"],
  ["😀", "0xf0 0x9f 0x98 0x80"],
])("%s ends the rows behind the last whole one", (text, sequence) => {
  const fine = dataRow(Buffer.from("é"), null);
  const page = Buffer.concat([fine, dataRow(Buffer.from("x"), Buffer.from(`y${text}z`)), fine]);

  const { messages, error } = rowsInLatin1(page, undefined);

  expect(messages).toEqual(dataRow(Buffer.from("é", "latin1"), null));
  expect(error).toMatchObject({
    sqlstate: "22P05",
    message: `character with byte sequence ${sequence} in encoding "UTF8" has no equivalent in encoding "LATIN1"`,
  });
});

test.each([
  ["utf-8", "UTF8"],
  ["UNICODE", "UTF8"],
  ["SQL_ASCII", "SQL_ASCII"],
  ["Latin 1", "LATIN1"],
  ["ISO_8859-1", "LATIN1"],
  ["l1", undefined],
  ["", undefined],
])("the name %s means %s", (name, encoding) => {
  expect(clientEncodingByName(name)).toBe(encoding);
});
