import { MessageWriter } from "../protocol/message-writer.ts";
import type { Execution, ResultSink } from "./plan.ts";

/** A DataRow with nothing but one NULL: its type, its length, a count and a length of -1. */
const NULL_ROW_BYTES = 1 + 4 + 2 + 4;

/**
 * SELECT FROM t: rows without columns. The engine knows no such thing and is asked for one column of
 * NULLs instead, of which only the number of rows is left.
 */
export function withoutColumns(nulls: Execution): Execution {
  return {
    run: (sink, maxRows) => nulls.run(emptying(sink), maxRows),
    close: () => nulls.close(),
  };
}

function emptying(sink: ResultSink): ResultSink {
  return {
    fields: () => sink.fields([]),
    page(pieces) {
      const bytes = pieces.reduce((total, piece) => total + piece.length, 0);
      const rows = new MessageWriter();
      for (let left = bytes / NULL_ROW_BYTES; left > 0; left -= 1) {
        rows.begin("D").uint16(0).end();
      }
      return sink.page([rows.take()]);
    },
    copyOut: (format, columnCount) => sink.copyOut(format, columnCount),
    notice: (notice) => sink.notice(notice),
  };
}
