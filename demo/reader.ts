import { existsSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import pc from 'picocolors';

/** Publication, newest day, shifts, OEE of the day that is corrected (0 to 1), rows of all readings. */
const QUESTION = (date: string) => `
  select
    (select publication from raw.current_publication) as publication,
    (select cast(max(production_date) as varchar) from marts.plant_day_kpis) as newest_day,
    (select count(*) from marts.work_unit_shift_kpis) as shifts,
    (select round(100 * sum(good_planned_run_time_s) / sum(planned_busy_time_s), 2) from marts.work_unit_shift_kpis
      where production_date = date '${date}') as oee_percent,
    (select count(*) from core.fct_production_counts) as counts`;

const POLL_MS = 200;

/**
 * A reader from outside, with nothing of the platform but DuckDB: opens the published file several times a second and asks one question
 * over RAW, CORE and MARTS. An answer that differs from the one before is told.
 */
export class Reader {
  private readonly answers = new Map<number, string>();
  private readonly seen: number[] = [];
  private asked = 0;
  private readonly wrong: string[] = [];
  private ended = false;
  private polling: Promise<void> = Promise.resolve();

  /**
   * @param file the published database.
   * @param date day whose OEE is asked, YYYY-MM-DD.
   */
  constructor(
    private readonly file: string,
    private readonly date: string,
    private readonly say: (line: string) => void,
  ) {}

  begin(): void {
    this.polling = this.poll();
  }

  /** Stops asking and says what was seen. @returns whether every question was answered, and each publication in one way only. */
  async end(): Promise<boolean> {
    this.ended = true;
    await this.polling;
    console.log(`asked ${this.asked} times, refused or contradicted ${this.wrong.length} times`);
    console.log(`publications, in the order in which it saw them: ${this.seen.join(', ')}`);
    for (const line of this.wrong.slice(0, 5)) console.log(pc.red(line));
    return this.wrong.length === 0 && this.asked > 0;
  }

  private async poll(): Promise<void> {
    while (!this.ended) {
      await this.ask().catch((error: unknown) => this.wrong.push(String(error)));
      await sleep(POLL_MS);
    }
  }

  private async ask(): Promise<void> {
    if (!existsSync(this.file)) throw new Error(`${this.file} is not there`);
    this.asked += 1;
    const instance = await DuckDBInstance.create(realpathSync(this.file), { access_mode: 'READ_ONLY' });
    try {
      const connection = await instance.connect();
      const [row = {}] = (await connection.runAndReadAll(QUESTION(this.date))).getRowObjectsJson();
      connection.closeSync();
      this.note(Number(row.publication), answerText(row));
    } finally {
      instance.closeSync();
    }
  }

  private note(publication: number, answer: string): void {
    const known = this.answers.get(publication);
    if (known !== undefined && known !== answer)
      this.wrong.push(`publication ${publication}: ${known}, then ${answer}`);
    this.answers.set(publication, answer);
    if (this.seen.at(-1) === publication) return;
    this.seen.push(publication);
    this.say(pc.cyan(`reader  publication ${publication}: ${answer}, OEE of ${this.date} in it`));
  }
}

function answerText({ newest_day, shifts, oee_percent, counts }: Record<string, unknown>): string {
  return `up to ${String(newest_day)}, ${String(shifts)} shifts, ${String(counts)} counts, ${String(oee_percent)} %`;
}
