import { type Day, formatDay, parseDay } from './days';
import { FILE_KINDS, type FileKind, ROW_KINDS, type RowKind } from './defects/catalogue';
import { type DefectSettings, isFileKind, isRowKind } from './defects/settings';

/** The export that the defects are for. */
interface Frame {
  firstDay: Day;
  days: number;
  layout: 'dated' | 'flat';
}

/**
 * Reads the values of --defect.
 *
 * @param fail is given the one sentence that says what is wrong.
 */
export function parseDefects(texts: readonly string[], frame: Frame, fail: (reason: string) => never): DefectSettings {
  const rates = new Map<RowKind, number>();
  const days = new Map<FileKind, Day | 'off'>();
  for (const text of texts) {
    const [kind, value] = split(text);
    if (isRowKind(kind)) rates.set(kind, rate(kind, value, fail));
    else if (isFileKind(kind)) days.set(kind, value === 'off' ? value : dayOf(kind, value, frame, fail));
    else fail(`'${kind}' is no kind of defect; the kinds are ${[...ROW_KINDS, ...FILE_KINDS].join(', ')}.`);
  }
  return { isOn: true, rates, days };
}

function split(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
}

function rate(kind: RowKind, value: string, fail: (reason: string) => never): number {
  const number = value === 'off' ? 0 : /^\d+(\.\d+)?$|^\.\d+$/.test(value) ? Number(value) : NaN;
  return number >= 0 && number <= 1 ? number : fail(`--defect ${kind}= takes a share of the records, 0 to 1, or off.`);
}

function dayOf(kind: FileKind, value: string, { firstDay, days, layout }: Frame, fail: (reason: string) => never): Day {
  const day = parseDay(value);
  // What is put right is the day before.
  const first = kind === 'corrected_day' ? firstDay + 1 : firstDay;
  const last = firstDay + days - 1;
  if (layout === 'flat') fail(`--defect ${kind}=<day> needs --layout dated.`);
  if (first > last) fail(`--defect ${kind} needs an export of more than one day.`);
  if (day !== undefined && day >= first && day <= last) return day;
  return fail(`--defect ${kind}= takes a day of the export, ${formatDay(first)} to ${formatDay(last)}, or off.`);
}
