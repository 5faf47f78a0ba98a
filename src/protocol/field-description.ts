/** A field of RowDescription (PostgreSQL documentation 55.7), its format code left out. */
export interface FieldDescription {
  readonly name: string;
  /** 0 where the column is not a table's. */
  readonly tableOid: number;
  readonly columnNumber: number;
  readonly typeOid: number;
  /** pg_type.typlen: negative for variable width. */
  readonly typeSize: number;
  /** pg_attribute.atttypmod: -1 for none. */
  readonly typeModifier: number;
}

/** 0 is text, 1 is binary. */
export type FormatCode = 0 | 1;
