import { ColumnCensus } from "./xlsx-column-kind.ts";

/** A column of one workbook, and what a warning calls a cell of it. */
export interface CountedColumn {
  readonly census: ColumnCensus;
  readonly cellAt: (row: number) => string;
}

/**
 * Which sorts of value made a column text, and where the rarest of them begins; undefined where all
 * values are of one sort. The parts are the same column in several workbooks.
 */
export function mixture(parts: readonly CountedColumn[]): string | undefined {
  if (!ColumnCensus.merged(parts.map(({ census }) => census)).isMixed) return undefined;
  const found = new Map<string, { word: string; count: number; order: number; first: string }>();
  parts.forEach(({ census, cellAt }, part) => {
    for (const { word, count, firstRow } of census.findings) {
      const known = found.get(word);
      // Workbooks are told one after another, and rows stay below 2^21.
      const order = part * 2 ** 21 + firstRow;
      if (known === undefined) found.set(word, { word, count, order, first: cellAt(firstRow) });
      else known.count += count;
    }
  });
  const sorted = [...found.values()].toSorted((a, b) => b.count - a.count || a.order - b.order);
  const list = sorted.map(({ word, count }) => `${count} ${word}${count === 1 ? "" : "s"}`);
  return `is read as text: it holds ${list.join(", ")} (first in ${sorted.at(-1)?.first ?? ""})`;
}
