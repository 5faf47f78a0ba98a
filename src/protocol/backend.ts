import type { FieldDescription, FormatCode } from "./field-description.ts";
import type { MessageWriter } from "./message-writer.ts";

export type TransactionStatus = "I" | "T" | "E";

/** What the server sends, rows excepted (PostgreSQL documentation 55.7). */
export type BackendMessage =
  | { readonly type: "AuthenticationOk" }
  | { readonly type: "AuthenticationSASL"; readonly mechanisms: readonly string[] }
  | { readonly type: "AuthenticationSASLContinue"; readonly data: Uint8Array }
  | { readonly type: "AuthenticationSASLFinal"; readonly data: Uint8Array }
  | { readonly type: "ParameterStatus"; readonly name: string; readonly value: string }
  | { readonly type: "BackendKeyData"; readonly processId: number; readonly secretKey: Buffer }
  | {
      readonly type: "NegotiateProtocolVersion";
      readonly minorVersion: number;
      readonly unknownOptions: readonly string[];
    }
  | { readonly type: "ReadyForQuery"; readonly transactionStatus: TransactionStatus }
  | {
      readonly type: "RowDescription";
      readonly fields: readonly FieldDescription[];
      /** As the client has asked for them, also where there is no such format. */
      readonly formats: readonly number[];
    }
  | { readonly type: "ParameterDescription"; readonly typeOids: readonly number[] }
  | { readonly type: "NoData" }
  | { readonly type: "ParseComplete" }
  | { readonly type: "BindComplete" }
  | { readonly type: "CloseComplete" }
  | { readonly type: "PortalSuspended" }
  | { readonly type: "EmptyQueryResponse" }
  | { readonly type: "CommandComplete"; readonly tag: string }
  | {
      readonly type: "NotificationResponse";
      readonly processId: number;
      readonly channel: string;
      readonly payload: string;
    }
  | { readonly type: "CopyOutResponse"; readonly format: FormatCode; readonly columnCount: number }
  | { readonly type: "CopyInResponse"; readonly format: FormatCode; readonly columnCount: number }
  | { readonly type: "CopyData"; readonly data: Uint8Array }
  | { readonly type: "CopyDone" };

type BackendType = BackendMessage["type"];
type MessageOf<T extends BackendType> = Extract<BackendMessage, { type: T }>;

interface Writing<T extends BackendType> {
  readonly byte: string;
  readonly body: (to: MessageWriter, message: MessageOf<T>) => unknown;
}

const NO_BODY = (): undefined => undefined;

/** How each message is written. A union member without a row does not compile. */
const WRITINGS: { readonly [T in BackendType]: Writing<T> } = {
  AuthenticationOk: { byte: "R", body: (to) => to.int32(0) },
  AuthenticationSASL: {
    byte: "R",
    body: (to, { mechanisms }) => {
      to.int32(10);
      for (const mechanism of mechanisms) to.cstring(mechanism);
      to.byte(0);
    },
  },
  AuthenticationSASLContinue: { byte: "R", body: (to, { data }) => to.int32(11).bytes(data) },
  AuthenticationSASLFinal: { byte: "R", body: (to, { data }) => to.int32(12).bytes(data) },
  ParameterStatus: { byte: "S", body: (to, { name, value }) => to.cstring(name).cstring(value) },
  BackendKeyData: {
    byte: "K",
    body: (to, { processId, secretKey }) => to.uint32(processId).bytes(secretKey),
  },
  NegotiateProtocolVersion: {
    byte: "v",
    body: (to, { minorVersion, unknownOptions }) => {
      to.int32((3 << 16) | minorVersion).int32(unknownOptions.length);
      for (const option of unknownOptions) to.cstring(option);
    },
  },
  ReadyForQuery: { byte: "Z", body: (to, { transactionStatus }) => to.text(transactionStatus) },
  RowDescription: {
    byte: "T",
    body: (to, { fields, formats }) => {
      to.uint16(fields.length);
      fields.forEach((field, index) => {
        to.cstring(field.name).uint32(field.tableOid).int16(field.columnNumber);
        to.uint32(field.typeOid).int16(field.typeSize).int32(field.typeModifier);
        to.int16(formats[index] ?? 0);
      });
    },
  },
  ParameterDescription: {
    byte: "t",
    body: (to, { typeOids }) => {
      to.uint16(typeOids.length);
      for (const typeOid of typeOids) to.uint32(typeOid);
    },
  },
  NoData: { byte: "n", body: NO_BODY },
  ParseComplete: { byte: "1", body: NO_BODY },
  BindComplete: { byte: "2", body: NO_BODY },
  CloseComplete: { byte: "3", body: NO_BODY },
  PortalSuspended: { byte: "s", body: NO_BODY },
  EmptyQueryResponse: { byte: "I", body: NO_BODY },
  CommandComplete: { byte: "C", body: (to, { tag }) => to.cstring(tag) },
  NotificationResponse: {
    byte: "A",
    body: (to, { processId, channel, payload }) =>
      to.int32(processId).cstring(channel).cstring(payload),
  },
  CopyOutResponse: { byte: "H", body: writeCopyFormats },
  CopyInResponse: { byte: "G", body: writeCopyFormats },
  CopyData: { byte: "d", body: (to, { data }) => to.bytes(data) },
  CopyDone: { byte: "c", body: NO_BODY },
};

function writeCopyFormats(
  to: MessageWriter,
  { format, columnCount }: MessageOf<"CopyOutResponse" | "CopyInResponse">,
): void {
  to.byte(format).uint16(columnCount);
  for (let column = 0; column < columnCount; column += 1) to.int16(format);
}

/** Appends one message. */
export function writeBackendMessage(to: MessageWriter, message: BackendMessage): void {
  // The row of a message's own type takes that message: the table's type says so, one row at a time.
  const writing = WRITINGS[message.type] as Writing<BackendType>;
  to.begin(writing.byte);
  writing.body(to, message);
  to.end();
}
