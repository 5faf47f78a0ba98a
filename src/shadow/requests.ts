import { MessageWriter } from "../protocol/message-writer.ts";
import type { ShadowRequest } from "./shadow.ts";

/**
 * The frontend messages of one round trip (PostgreSQL documentation 55.7). Only the unnamed
 * statement and portal are used, so nothing has to be cleaned up and sessions cannot meet.
 */
const UNNAMED = "";

export function simpleQuery(sql: string): Buffer {
  const writer = new MessageWriter();
  writer.begin("Q").cstring(sql).end();
  return writer.take();
}

export function describeRequest(sql: string, parameterOids: readonly number[]): Buffer {
  const writer = new MessageWriter();
  parse(writer, sql, parameterOids);
  writer.begin("D").text("S").cstring(UNNAMED).end();
  writer.begin("S").end();
  return writer.take();
}

export function executeRequest(request: ShadowRequest): Buffer {
  const writer = new MessageWriter();
  execution(writer, request);
  writer.begin("S").end();
  return writer.take();
}

/**
 * Statements without parameters, one behind the other up to the first that fails. Each text can be
 * one statement only, whatever it holds.
 */
export function statementsRequest(statements: readonly string[]): Buffer {
  const writer = new MessageWriter();
  for (const sql of statements) {
    execution(writer, {
      sql,
      parameterOids: [],
      parameterFormats: [],
      parameters: [],
      resultFormats: [],
    });
  }
  writer.begin("S").end();
  return writer.take();
}

function execution(writer: MessageWriter, request: ShadowRequest): void {
  const { sql, parameterOids, parameterFormats, parameters, resultFormats } = request;
  parse(writer, sql, parameterOids);
  writer.begin("B").cstring(UNNAMED).cstring(UNNAMED);
  int16s(writer, parameterFormats);
  writer.uint16(parameters.length);
  for (const value of parameters) {
    if (value === undefined) writer.int32(-1);
    else writer.int32(value.length).bytes(value);
  }
  int16s(writer, resultFormats);
  writer.end();
  writer.begin("D").text("P").cstring(UNNAMED).end();
  // 0 is all rows: paging is the gateway's.
  writer.begin("E").cstring(UNNAMED).int32(0).end();
}

function parse(writer: MessageWriter, sql: string, parameterOids: readonly number[]): void {
  writer.begin("P").cstring(UNNAMED).cstring(sql).uint16(parameterOids.length);
  for (const oid of parameterOids) writer.uint32(oid);
  writer.end();
}

function int16s(writer: MessageWriter, values: readonly number[]): void {
  writer.uint16(values.length);
  for (const value of values) writer.int16(value);
}
