export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Rows under their titles, aligned for a terminal with a fixed font. */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => displayWidth(line[index] ?? ""))),
  );
  return lines.map((line) =>
    columns
      .map(({ align }, index) => {
        const cell = line[index] ?? "";
        const padding = " ".repeat((widths[index] ?? 0) - displayWidth(cell));
        return align === "right" ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd(),
  );
}

const GRAPHEMES = new Intl.Segmenter();
/** What terminals show in two cells: East Asian wide characters and emoji. */
const WIDE =
  /^(?:\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Emoji_Presentation}|[\u3000-\u303e\uff01-\uff60])/u;

function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}
