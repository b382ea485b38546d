import type { Table } from '../columns';
import { fraction, hashText } from '../random';
import { ROW_KINDS, type RowKind, defaultRate, rowDefect } from './catalogue';
import type { DefectSettings } from './settings';

interface Decision {
  kind: RowKind;
  salt: number;
  rate: number;
}

const CHOICE_SALT = 0x7f4a7c15;

/**
 * Decides which record has which defect, by a hash of the seed, the kind and the record's number: the same in every
 * delivery, and for one kind whatever the rates of the others are, but that a record has the first only.
 */
export class RowDecisions {
  readonly #decisions = new Map<Table, Decision[]>();

  constructor(seed: number, { isOn, rates }: DefectSettings) {
    if (!isOn) return;
    for (const kind of ROW_KINDS) {
      for (const table of rowDefect(kind).tables) {
        const rate = rates.get(kind) ?? defaultRate(table);
        const decisions = this.#decisions.get(table) ?? [];
        this.#decisions.set(table, decisions);
        if (rate > 0) decisions.push({ kind, rate, salt: hashText(`${seed}/defect/${kind}/${table}`) });
      }
    }
  }

  kindOf(table: Table, number: number): RowKind | undefined {
    const decisions = this.#decisions.get(table);
    if (decisions === undefined) return undefined;
    for (let index = 0; index < decisions.length; index++) {
      const { kind, salt, rate } = decisions[index] as Decision;
      if (fraction(number, salt) < rate) return kind;
    }
    return undefined;
  }

  /** Decides what is left open by the kind, 0 ≤ share < 1. */
  shareOf(number: number): number {
    return fraction(number, CHOICE_SALT);
  }
}
