import { expect, test } from "vitest";
import { readReply } from "../../../src/shadow/reply.ts";

function message(type: string, ...parts: (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? text(part) : part)));
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function hex(value: string): Buffer {
  return Buffer.from(value.replaceAll(" ", ""), "hex");
}

const PARSED = message("1");
const BOUND = message("2");
const READY = message("Z", Buffer.from("I"));
const ROW = message("D", hex("0001 00000001 31"));
const FIELD = message("T", hex("0001"), "n", hex("00004001 0003 00000017 0004 ffffffff 0000"));
const NOTICE = message("N", "SNOTICE", "Mhello", hex("00"));

function error(sqlstate: string): Buffer {
  return message(
    "E",
    "SFATAL",
    `C${sqlstate}`,
    "Mbroken",
    "Hmend it",
    "P8",
    "Fpostgres.c",
    "L1",
    "Rmain",
    hex("00"),
  );
}

test("an execution's rows stay the bytes they are", () => {
  const bytes = [PARSED, BOUND, FIELD, ROW, ROW, message("C", "SELECT 2"), READY];

  expect(readReply(Buffer.concat(bytes), "execution")).toEqual({
    outcome: "complete",
    parameterOids: [],
    fields: [
      { name: "n", tableOid: 0x4001, columnNumber: 3, typeOid: 23, typeSize: 4, typeModifier: -1 },
    ],
    rows: Buffer.concat([ROW, ROW]),
    rowCount: 2,
    tag: "SELECT 2",
    notices: [],
    effects: [],
    inTransaction: false,
  });
});

test("a notice between rows does not get among them", () => {
  const bytes = [PARSED, BOUND, FIELD, ROW, NOTICE, ROW, message("C", "SELECT 2"), READY];

  expect(readReply(Buffer.concat(bytes), "execution")).toMatchObject({
    rows: Buffer.concat([ROW, ROW]),
    rowCount: 2,
    notices: [NOTICE],
  });
});

test("a description has parameters, and no fields where there are no rows", () => {
  const bytes = [PARSED, message("t", hex("0002 00000017 00000019")), message("n"), READY];

  expect(readReply(Buffer.concat(bytes), "description")).toMatchObject({
    outcome: "complete",
    parameterOids: [23, 25],
    fields: undefined,
  });
});

test("an error keeps what is the client's business, and is never FATAL", () => {
  const reply = readReply(Buffer.concat([error("42703"), READY]), "execution");

  expect(reply).toMatchObject({
    outcome: "failed",
    error: {
      sqlstate: "42703",
      message: "broken",
      hint: "mend it",
      position: 8,
      severity: "ERROR",
    },
  });
  expect(JSON.stringify(reply)).not.toContain("postgres.c");
});

test("the empty statement is complete, with an empty tag", () => {
  const bytes = [PARSED, BOUND, message("n"), message("I"), READY];

  expect(readReply(Buffer.concat(bytes), "execution")).toMatchObject({
    outcome: "complete",
    tag: "",
  });
});

test.each([
  ["nothing at all", [], "execution"],
  ["no ReadyForQuery", [PARSED, BOUND, FIELD, ROW, message("C", "SELECT 1")], "execution"],
  ["neither an end nor an error", [PARSED, BOUND, FIELD, NOTICE, READY], "execution"],
  ["a description of nothing", [PARSED, READY], "description"],
  ["a Parse that vanished", [error("26000"), READY], "execution"],
  ["a Bind that vanished", [PARSED, error("34000"), READY], "execution"],
  ["half a message", [READY, ROW.subarray(0, 7)], "execution"],
  ["a length that is none", [Buffer.from("C\0\0\0\0\0")], "execution"],
] as const)("%s means that the instance is broken", (_what, messages, expected) => {
  expect(readReply(Buffer.concat(messages), expected)).toEqual({ outcome: "broken" });
});

test("the same errors of a statement that was parsed and bound are its own", () => {
  const bytes = Buffer.concat([PARSED, BOUND, error("26000"), READY]);

  expect(readReply(bytes, "execution")).toMatchObject({
    outcome: "failed",
    error: { sqlstate: "26000" },
  });
});
