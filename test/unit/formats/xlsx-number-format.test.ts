import { expect, test } from "vitest";
import {
  builtInFormat,
  classifyFormat,
  FORMAT_DATE,
  FORMAT_DURATION,
  FORMAT_NUMBER,
  FORMAT_TIME,
} from "../../../src/formats/xlsx-number-format.ts";

test.each([
  ["General", FORMAT_NUMBER],
  ["0.00", FORMAT_NUMBER],
  ["#,##0.00 [$€-407]", FORMAT_NUMBER],
  ["0.00E+00", FORMAT_NUMBER],
  ["@", FORMAT_NUMBER],
  ["00000", FORMAT_NUMBER],
  ['"day "0', FORMAT_NUMBER],
  ['0.00 "months"', FORMAT_NUMBER],
  ['General" d"', FORMAT_NUMBER],
  ["[Red]0.00;[Blue]-0.00", FORMAT_NUMBER],
  ["0\\d", FORMAT_NUMBER],
  ["_(* #,##0.00_);_(* (#,##0.00)", FORMAT_NUMBER],
  ["# ?/?", FORMAT_NUMBER],
  [";;;", FORMAT_NUMBER],
  ["yyyy-mm-dd", FORMAT_DATE],
  ["mmm-yy", FORMAT_DATE],
  ["mmmm", FORMAT_DATE],
  ["[$-409]d-mmm-yyyy", FORMAT_DATE],
  ["[$-F800]dddd, mmmm dd, yyyy", FORMAT_DATE],
  ["dd/mm/yyyy hh:mm:ss", FORMAT_DATE],
  ["yyyy-mm-dd hh:mm:ss.000", FORMAT_DATE],
  ["[$-407]TT.MM.JJJJ;@", FORMAT_DATE],
  ['yyyy"年"m"月"d"日"', FORMAT_DATE],
  ["d.m.yy h:mm AM/PM", FORMAT_DATE],
  ["h:mm", FORMAT_TIME],
  ["mm:ss.0", FORMAT_TIME],
  ["[$-F400]h:mm:ss AM/PM", FORMAT_TIME],
  ["hh:mm:ss,000", FORMAT_TIME],
  ["[h]:mm", FORMAT_DURATION],
  ["[mm]:ss", FORMAT_DURATION],
  ["[ss].00", FORMAT_DURATION],
  ["[HH]:MM:SS", FORMAT_DURATION],
])("%s", (code, expected) => {
  expect(classifyFormat(code)).toBe(expected);
});

test("formats that are known by number only", () => {
  const ids = [0, 1, 9, 11, 14, 17, 18, 21, 22, 27, 32, 37, 45, 46, 47, 49, 57, 164];
  expect(ids.map(builtInFormat)).toEqual([
    FORMAT_NUMBER,
    FORMAT_NUMBER,
    FORMAT_NUMBER,
    FORMAT_NUMBER,
    FORMAT_DATE,
    FORMAT_DATE,
    FORMAT_TIME,
    FORMAT_TIME,
    FORMAT_DATE,
    FORMAT_DATE,
    FORMAT_TIME,
    FORMAT_NUMBER,
    FORMAT_TIME,
    FORMAT_DURATION,
    FORMAT_TIME,
    FORMAT_NUMBER,
    FORMAT_DATE,
    FORMAT_NUMBER,
  ]);
});
