import { writeDataRow } from "../protocol/data-row.ts";
import type { FieldDescription } from "../protocol/field-description.ts";
import { MessageReader } from "../protocol/message-reader.ts";
import { MessageWriter } from "../protocol/message-writer.ts";
import { BufferedExecution, collect } from "./buffered-execution.ts";
import type { Execution } from "./plan.ts";

/** PostgreSQL's one column of EXPLAIN. */
export const QUERY_PLAN_FIELD: FieldDescription = {
  name: "QUERY PLAN",
  tableOid: 0,
  columnNumber: 0,
  typeOid: 25,
  typeSize: -1,
  typeModifier: -1,
};

/** The engine's EXPLAIN (a key and a plan of many lines) in PostgreSQL's form: a row for each line. */
export function explainExecution(rows: Execution, format: "text" | "json"): Execution {
  return new BufferedExecution(async (sink) => {
    const answer = await collect(rows, (notice) => sink.notice(notice));
    const lines = plansIn(answer.rows).flatMap((plan) =>
      format === "json" ? [plan] : plan.split("\n").filter((line) => line !== ""),
    );
    const writer = new MessageWriter();
    for (const line of lines) writeDataRow(writer, [line]);
    return { fields: [QUERY_PLAN_FIELD], rows: writer.take(), tag: "EXPLAIN" };
  });
}

/** The last column of every DataRow. */
function plansIn(rows: Buffer): readonly string[] {
  const reader = new MessageReader(rows);
  const plans: string[] = [];
  while (reader.remaining > 0) {
    reader.byte();
    reader.int32();
    let last = "";
    for (let left = reader.uint16(); left > 0; left -= 1) {
      const length = reader.int32();
      last = length < 0 ? "" : reader.bytes(length).toString("utf8");
    }
    plans.push(last);
  }
  return plans;
}
