import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { APPEND_TABLES, type AppendTable, COLUMNS, type Table } from './columns';
import { formatDay } from './days';
import { DayEvents } from './day-events';
import { deliveryName, refuseOtherDeliveries } from './deliveries';
import { Defects } from './defects/defects';
import { type FileFaults, fileFaults } from './defects/file-faults';
import { type DefectSettings, describeSettings } from './defects/settings';
import { EventTable } from './event-table';
import { copyWhole } from './output-file';
import { Simulation, type SimulationOptions } from './simulation';
import { SnapshotTables } from './snapshot-tables';
import { type FileTruth, TableFile } from './table-file';
import { Totals } from './totals';
import { TruthFile } from './truth';
import { WriteError } from './write-error';

const TRUTH = 'truth.json';

export interface ExportOptions extends SimulationOptions {
  defects: DefectSettings;
  /** Seconds between two readings of a sensor. */
  sensorIntervalS: number;
  /** dated: a folder for each logical date. flat: one file for each table, snapshots as of the last day. */
  layout: 'dated' | 'flat';
  gzip: boolean;
}

export interface ExportSummary {
  files: number;
  records: number;
  /** Before compression. */
  bytes: number;
}

/** What an export asks and tells while it runs. */
export interface ExportMonitor {
  /** Ends the export with its reason; nothing half-written stays behind. */
  signal?: AbortSignal;
  /** Called after each day with the share that is done. */
  onDay?: (share: number) => void;
}

/**
 * Simulates the plant and writes what its systems export, and into `truth.json` what is wrong with it and what really
 * happened. A file of the same name is replaced, whole and at once; what is no delivery is left alone.
 *
 * @throws WriteError in one sentence, also when deliveries would stay there that are not of this export; no half file stays
 * behind then.
 */
export async function writeExport(
  folder: string,
  options: ExportOptions,
  monitor: ExportMonitor = {},
): Promise<ExportSummary> {
  await refuseOtherDeliveries(folder, options);
  const spoolFolder = await makeSpoolFolder(folder);
  try {
    const writer = new ExportWriter(folder, spoolFolder, options, monitor);
    return await writer.write().catch(async (error: unknown) => {
      await writer.discard();
      throw error;
    });
  } finally {
    await rm(spoolFolder, { recursive: true, force: true });
  }
}

class ExportWriter {
  readonly #folder: string;
  readonly #spoolFolder: string;
  readonly #options: ExportOptions;
  readonly #monitor: ExportMonitor;
  readonly #defects: Defects;
  readonly #totals: Totals;
  readonly #simulation: Simulation;
  readonly #snapshots: SnapshotTables;
  readonly #events: DayEvents;
  readonly #eventTables = new Map(APPEND_TABLES.map((table) => [table, new EventTable()]));
  readonly #summary: ExportSummary = { files: 0, records: 0, bytes: 0 };
  /** Files that are being written: flat ones of append tables for as long as the export takes. */
  readonly #open = new Map<string, TableFile>();
  #truth: TruthFile | undefined;

  constructor(folder: string, spoolFolder: string, options: ExportOptions, monitor: ExportMonitor) {
    this.#folder = folder;
    this.#spoolFolder = spoolFolder;
    this.#options = options;
    this.#monitor = monitor;
    const simulation = new Simulation(options);
    this.#simulation = simulation;
    this.#totals = new Totals(simulation.sites);
    this.#defects = new Defects(options, (moment) => simulation.zone.dayOf(moment));
    this.#snapshots = new SnapshotTables(simulation, this.#defects, spoolFolder);
    this.#events = new DayEvents(simulation, this.#defects, this.#totals, options);
  }

  async write(): Promise<ExportSummary> {
    const { signal, onDay } = this.#monitor;
    const { firstDay, days, defects, ...others } = this.#options;
    const told = { firstDay: formatDay(firstDay), days, ...others, defects: describeSettings(defects) };
    const shiftsFile = path.join(this.#spoolFolder, 'truth-shifts.json');
    this.#truth = await TruthFile.create(path.join(this.#folder, TRUTH), shiftsFile, told, signal);
    for (let delivery = 0; delivery < days; delivery++) {
      signal?.throwIfAborted();
      this.#simulation.runDay();
      this.#snapshots.addDay();
      for (const table of Object.keys(COLUMNS) as Table[]) await this.#writeTable(table, delivery);
      this.#totals.addDay(this.#simulation.records, this.#simulation.now);
      await this.#truth.addShifts(this.#simulation.records.endedShifts);
      onDay?.((delivery + 1) / days);
    }
    const undelivered = [...this.#eventTables].map(([table, { undelivered }]) => [table, undelivered] as const);
    await this.#truth.commit(undelivered, this.#totals);
    return this.#summary;
  }

  async discard(): Promise<void> {
    for (const file of this.#open.values()) await file.output.discard();
    await this.#truth?.discard();
  }

  async #writeTable(table: Table, delivery: number): Promise<void> {
    const { layout, days } = this.#options;
    const isLast = delivery === days - 1;
    const snapshot = this.#snapshots.get(table);
    await snapshot?.settle(delivery);
    if (layout === 'flat' && snapshot !== undefined && !isLast) return;
    const name = this.#nameOf(table, delivery);
    const file = this.#open.get(name) ?? (await this.#begin(table, name, this.#defects.faults(table, delivery)));
    if (snapshot !== undefined) {
      await snapshot.write(file, delivery);
    } else {
      const appendTable = table as AppendTable;
      const isHeldBack = this.#defects.has('header_only', table, delivery);
      const events = this.#events.of(appendTable, delivery);
      await this.#eventTables.get(appendTable)?.write(file, events, delivery, isHeldBack);
    }
    if (layout === 'dated' || isLast) await this.#commit(file, name);
    await this.#addFurtherFiles(file, name, delivery);
  }

  /** Files that some defects put beside the one that is due. */
  async #addFurtherFiles(file: TableFile, name: string, delivery: number): Promise<void> {
    const { table } = file;
    if (this.#defects.has('delivered_twice', table, delivery)) {
      const again = this.#nameOf(`${table}-2`, delivery);
      await copyWhole(path.join(this.#folder, name), path.join(this.#folder, again));
      const defects = new Map([['delivered_twice' as const, []], ...file.defects]);
      await this.#tell(again, { ...truthOf(file), defects }, file.output.bytes);
    }
    const corrections = table === 'production_counts' ? this.#defects.corrections(delivery) : [];
    if (corrections.length === 0) return;
    const correctionName = this.#nameOf(`${table}-correction`, delivery);
    const correction = await this.#begin(table, correctionName, fileFaults(table, []));
    for (const record of corrections) await correction.write(record);
    await this.#commit(correction, correctionName);
  }

  #nameOf(stem: string, delivery: number): string {
    return deliveryName(stem, delivery, this.#options);
  }

  async #begin(table: Table, name: string, faults: FileFaults): Promise<TableFile> {
    const file = await TableFile.create(table, path.join(this.#folder, name), faults, {
      gzip: this.#options.gzip,
      signal: this.#monitor.signal,
    });
    this.#open.set(name, file);
    return file;
  }

  async #commit(file: TableFile, name: string): Promise<void> {
    await file.commit();
    this.#open.delete(name);
    await this.#tell(name, truthOf(file), file.output.bytes);
  }

  async #tell(name: string, truth: FileTruth, bytes: number): Promise<void> {
    await this.#truth?.addFile(name, truth);
    this.#summary.files += 1;
    this.#summary.records += truth.records;
    this.#summary.bytes += bytes;
  }
}

function truthOf({ records, malformedRecords, defects }: TableFile): FileTruth {
  return { records, malformedRecords, defects };
}

async function makeSpoolFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    return await mkdtemp(path.join(folder, '.simulator-'));
  } catch (error) {
    throw new WriteError(folder, error);
  }
}
