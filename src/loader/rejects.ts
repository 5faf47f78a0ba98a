import type { Connection } from "../duckdb/connection.ts";

/** A row or cell that did not fit. */
export interface Reject {
  readonly file: string;
  /** As an editor or a spreadsheet numbers it: the header is usually row 1. */
  readonly rowNumber: number;
  /** The SQL name; null where the whole row did not fit. */
  readonly columnName: string | null;
  readonly value: string;
  readonly reason: string;
}

export const REJECTS_TABLE = `CREATE TABLE main.rejects (
  file VARCHAR NOT NULL, row_number BIGINT NOT NULL, column_name VARCHAR, value VARCHAR, reason VARCHAR NOT NULL
)`;

export async function appendRejects(
  connection: Connection,
  rejects: readonly Reject[],
): Promise<void> {
  const appender = await connection.appender("rejects", "main");
  try {
    appender.append(
      [
        rejects.map((reject) => reject.file),
        rejects.map((reject) => BigInt(reject.rowNumber)),
        rejects.map((reject) => reject.columnName),
        rejects.map((reject) => reject.value),
        rejects.map((reject) => reject.reason),
      ],
      rejects.length,
    );
  } finally {
    appender.close();
  }
}
