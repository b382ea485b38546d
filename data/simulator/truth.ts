import { appendFile } from 'node:fs/promises';
import type { Table } from './columns';
import { OutputFile } from './output-file';
import { type ShiftAccount, plannedBusyTimeS, shiftId } from './shift-account';
import type { FileTruth } from './table-file';
import type { Totals } from './totals';
import { WriteError } from './write-error';

/**
 * `truth.json`: what an export holds and what really happened, for checks of whatever reads the export. A line for each
 * file and each shift, written as they come.
 */
export class TruthFile {
  readonly #output: OutputFile;
  /** Shifts wait here until all files are told. */
  readonly #shiftsFile: string;
  #separator = '';
  #shiftSeparator = '';

  private constructor(output: OutputFile, shiftsFile: string) {
    this.#output = output;
    this.#shiftsFile = shiftsFile;
  }

  /** @param options what the export was made with. */
  static async create(name: string, shiftsFile: string, options: object, signal?: AbortSignal): Promise<TruthFile> {
    const output = await OutputFile.create(name, { signal });
    const truth = new TruthFile(output, shiftsFile);
    await output.write(`{\n  "options": ${JSON.stringify(options)},\n  "files": {`);
    return truth;
  }

  /** @param name the file's path relative to the output folder. */
  async addFile(name: string, { records, malformedRecords, defects }: FileTruth): Promise<void> {
    const truth = { records, malformedRecords, defects: Object.fromEntries(defects) };
    await this.#output.write(`${this.#separator}\n    ${JSON.stringify(name)}: ${JSON.stringify(truth)}`);
    this.#separator = ',';
  }

  async addShifts(accounts: readonly ShiftAccount[]): Promise<void> {
    let text = '';
    for (const account of accounts) {
      text += `${this.#shiftSeparator}\n    ${JSON.stringify(shiftTruth(account))}`;
      this.#shiftSeparator = ',';
    }
    await appendFile(this.#shiftsFile, text).catch((error: unknown) => {
      throw new WriteError(this.#shiftsFile, error);
    });
  }

  /** @param undelivered by table the keys of events that no delivery has brought yet. */
  async commit(undelivered: (readonly [Table, string[]])[], totals: Totals): Promise<void> {
    const keys = undelivered.map(([table, owed]) => `\n    ${JSON.stringify(table)}: ${JSON.stringify(owed)}`);
    await this.#output.write(`\n  },\n  "undelivered": {${keys.join(',')}\n  },\n  "shifts": [`);
    await this.#output.addFile(this.#shiftsFile);
    await this.#output.write('\n  ],\n  "totals": {');
    let separator = '';
    for (const [name, groups] of Object.entries(totals.toJson())) {
      const lines = Object.entries(groups).map(
        ([key, group]) => `\n      ${JSON.stringify(key)}: ${JSON.stringify(group)}`,
      );
      await this.#output.write(`${separator}\n    ${JSON.stringify(name)}: {${lines.join(',')}\n    }`);
      separator = ',';
    }
    await this.#output.write('\n  }\n}\n');
    await this.#output.commit();
  }

  discard(): Promise<void> {
    return this.#output.discard();
  }
}

function shiftTruth(account: ShiftAccount): object {
  const { workUnit, window, counted } = account;
  return {
    shift_id: shiftId(workUnit, window),
    equipment_id: workUnit.equipmentId,
    production_date: account.productionDate(),
    planned_busy_time_s: plannedBusyTimeS(window),
    actual_production_time_s: account.actualProductionTimeS,
    actual_unit_setup_time_s: account.actualUnitSetupTimeS,
    actual_unit_delay_time_s: account.actualUnitDelayTimeS,
    produced_quantity: counted.produced,
    good_quantity: counted.good,
    rework_quantity: counted.rework,
    scrap_quantity: counted.scrap,
    good_first_pass_quantity: counted.goodFirstPass,
    planned_run_time_s: account.plannedRunTimeS,
  };
}
