import { expect, test } from "vitest";
import { PgError } from "../../../src/core/pg-error.ts";
import { type BackendMessage, writeBackendMessage } from "../../../src/protocol/backend.ts";
import { endOfRows, writeDataRow } from "../../../src/protocol/data-row.ts";
import { writeErrorResponse, writeNoticeResponse } from "../../../src/protocol/error-response.ts";
import { MessageWriter } from "../../../src/protocol/message-writer.ts";

function bytesOf(message: BackendMessage): string {
  const writer = new MessageWriter();
  writeBackendMessage(writer, message);
  return writer.take().toString("latin1");
}

test.each<[BackendMessage, string]>([
  [{ type: "AuthenticationOk" }, "R\0\0\0\x08\0\0\0\0"],
  [
    { type: "AuthenticationSASL", mechanisms: ["SCRAM-SHA-256"] },
    "R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0",
  ],
  [{ type: "AuthenticationSASLContinue", data: Buffer.from("r=1") }, "R\0\0\0\x0b\0\0\0\x0br=1"],
  [{ type: "AuthenticationSASLFinal", data: Buffer.from("v=1") }, "R\0\0\0\x0b\0\0\0\x0cv=1"],
  [{ type: "ParameterStatus", name: "a", value: "b" }, "S\0\0\0\x08a\0b\0"],
  [
    { type: "BackendKeyData", processId: 258, secretKey: Buffer.from([1, 2, 3, 4]) },
    "K\0\0\0\x0c\0\0\x01\x02\x01\x02\x03\x04",
  ],
  [
    { type: "NegotiateProtocolVersion", minorVersion: 0, unknownOptions: ["_pq_.x"] },
    "v\0\0\0\x13\0\x03\0\0\0\0\0\x01_pq_.x\0",
  ],
  [{ type: "ReadyForQuery", transactionStatus: "T" }, "Z\0\0\0\x05T"],
  [{ type: "ParameterDescription", typeOids: [23] }, "t\0\0\0\x0a\0\x01\0\0\0\x17"],
  [{ type: "NoData" }, "n\0\0\0\x04"],
  [{ type: "ParseComplete" }, "1\0\0\0\x04"],
  [{ type: "BindComplete" }, "2\0\0\0\x04"],
  [{ type: "CloseComplete" }, "3\0\0\0\x04"],
  [{ type: "PortalSuspended" }, "s\0\0\0\x04"],
  [{ type: "EmptyQueryResponse" }, "I\0\0\0\x04"],
  [{ type: "CommandComplete", tag: "SELECT 1" }, "C\0\0\0\x0dSELECT 1\0"],
  [{ type: "CopyOutResponse", format: 1, columnCount: 2 }, "H\0\0\0\x0b\x01\0\x02\0\x01\0\x01"],
  [{ type: "CopyData", data: Buffer.from("ab") }, "d\0\0\0\x06ab"],
  [{ type: "CopyDone" }, "c\0\0\0\x04"],
  [
    {
      type: "RowDescription",
      fields: [
        { name: "n", tableOid: 1, columnNumber: 2, typeOid: 1700, typeSize: -1, typeModifier: -1 },
      ],
      formats: [1],
    },
    "T\0\0\0\x1a\0\x01n\0\0\0\0\x01\0\x02\0\0\x06\xa4\xff\xff\xff\xff\xff\xff\0\x01",
  ],
])("%o has the bytes of the documentation", (message, expected) => {
  expect(bytesOf(message)).toBe(expected);
});

test("an error has its fields, each with its code, and an end", () => {
  const writer = new MessageWriter();

  writeErrorResponse(
    writer,
    new PgError("undefined_table", "no such table", { position: 7, hint: "Look." }),
  );

  expect(writer.take().subarray(5).toString()).toBe(
    "SERROR\0VERROR\0C42P01\0Mno such table\0HLook.\0P7\0\0",
  );
});

test("a notice has the severity that the client shows", () => {
  const writer = new MessageWriter();

  writeNoticeResponse(writer, {
    severity: "WARNING",
    sqlstate: "25P01",
    message: "there is no transaction in progress",
  });

  expect(writer.take().subarray(5).toString()).toBe(
    "SWARNING\0VWARNING\0C25P01\0Mthere is no transaction in progress\0\0",
  );
});

test("a zero byte in a text cannot end a field early", () => {
  expect(bytesOf({ type: "CommandComplete", tag: "a\0b" })).toBe("C\0\0\0\x07ab\0");
});

test("what was taken stays as it was while the writer goes on", () => {
  const writer = new MessageWriter();
  writeBackendMessage(writer, { type: "ParseComplete" });
  const taken = writer.take();

  writeBackendMessage(writer, { type: "BindComplete" });

  expect(taken.toString("latin1")).toBe("1\0\0\0\x04");
  expect(writer.take().toString("latin1")).toBe("2\0\0\0\x04");
});

test("rows are counted without being read", () => {
  const writer = new MessageWriter();
  for (const value of ["a", undefined, "ccc"]) writeDataRow(writer, [value]);
  const rows = writer.take();

  expect(endOfRows(rows, 2)).toEqual({ end: 12 + 11, rows: 2 });
  expect(endOfRows(rows, 9)).toEqual({ end: rows.length, rows: 3 });
});
