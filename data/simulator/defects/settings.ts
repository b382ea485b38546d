import { type Day, formatDay } from '../days';
import { FILE_KINDS, type FileKind, ROW_KINDS, type RowKind, fileDefect } from './catalogue';

/** Which defects an export has, as far as that is not by default. */
export interface DefectSettings {
  /** false: none at all. */
  isOn: boolean;
  /** Share of the records, 0 to 1, for all tables of the kind. */
  rates: ReadonlyMap<RowKind, number>;
  /** Logical date of the delivery that has it; 'off' for none. */
  days: ReadonlyMap<FileKind, Day | 'off'>;
}

export const DEFAULT_DEFECTS: DefectSettings = { isOn: true, rates: new Map(), days: new Map() };
export const NO_DEFECTS: DefectSettings = { ...DEFAULT_DEFECTS, isOn: false };

/** The logical date of the delivery that has a file defect, if any has. */
export function dayOfDefect(kind: FileKind, { isOn, days }: DefectSettings, firstDay: Day): Day | undefined {
  if (!isOn) return undefined;
  const day = days.get(kind);
  if (day !== undefined) return day === 'off' ? undefined : day;
  const { onDelivery } = fileDefect(kind);
  return onDelivery === undefined ? undefined : firstDay + onDelivery;
}

/** What the settings say, by kind: a share, a day or 'off'; empty when all is by default. */
export function describeSettings({ isOn, rates, days }: DefectSettings): object | 'none' {
  if (!isOn) return 'none';
  const ofFiles = [...days].map(([kind, day]) => [kind, day === 'off' ? day : formatDay(day)]);
  return Object.fromEntries([...rates, ...ofFiles]) as object;
}

export function isRowKind(text: string): text is RowKind {
  return (ROW_KINDS as string[]).includes(text);
}

export function isFileKind(text: string): text is FileKind {
  return (FILE_KINDS as string[]).includes(text);
}
