import { formatPlainly } from './narration';
import { correctCounts, deliver, simulateWeek, truncate, wrongStandardTimes } from './deliveries';
import { declareOeeGate, ScratchPlatform } from './scratch-platform';
import { Reader } from './reader';

/**
 * A bad day, `npm run bad-day`: everything that goes wrong in a plant's data goes wrong within minutes, on the real server, workers and dbt,
 * in a scratch state of its own (`.mfg/bad-day`), while a reader asks the published data all the time.
 *
 * Exits 1 when something ends otherwise than it should, or when the reader was ever refused or got two answers of one publication.
 */
async function badDay(): Promise<void> {
  const { act, say } = formatPlainly();
  const week = await simulateWeek();
  const [, , wednesday, thursday, friday] = week.dates;
  const platform = await ScratchPlatform.start(week);
  // The server is in a process group of its own: Ctrl-C in a terminal does not reach it.
  const leave = () => void platform.stop().finally(() => process.exit(130));
  process.once('SIGINT', leave).once('SIGTERM', leave);
  const reader = new Reader(platform.publishedFile, wednesday, say);
  try {
    act('06:00  Three days are there: load, build, test, publish');
    await deliver(week, week.dates.slice(0, 3));
    await platform.mfg(0, 'ingest');
    reader.begin();

    act(`07:00  The delivery of ${thursday} breaks off in the middle of production_orders.csv`);
    await deliver(week, [thursday]);
    await truncate(week, thursday, 'production_orders');
    await platform.mfg(1, 'ingest');

    act('07:30  It comes again, whole; and while dbt builds, the worker is killed');
    await deliver(week, [thursday]);
    await platform.ingestWhileWorkerIsKilled(say);
    const morning = await platform.publications();

    act(`09:00  The plant corrects the counts of ${wednesday}: of what was made that day a tenth was scrap`);
    await correctCounts(week, wednesday);
    await platform.mfg(0, 'ingest', '--date', wednesday);
    const corrected = await platform.publications();
    await platform.mfg(0, 'publications', 'diff', String(morning.head), String(corrected.head));

    act(`11:00  The standard times of ${friday} come in hundredths of seconds; an OEE beyond its bounds is a gate`);
    await declareOeeGate(platform.dbtDir);
    await deliver(week, [friday]);
    await wrongStandardTimes(week, friday);
    await platform.mfg(1, 'ingest');
    await platform.mfg(0, 'publications', 'show', String((await platform.publications()).newest));

    act('12:00  The right ones come, and are published');
    await deliver(week, [friday]);
    await platform.mfg(0, 'ingest');

    act('15:00  The corrected counts were wrong after all: readers go back to the morning, at once');
    await platform.mfg(0, 'rollback', '--to', String(morning.head), '--reason', 'the correction was wrong');
    await platform.mfg(0, 'publications');
  } finally {
    await platform.stop();
  }
  act('What the reader saw');
  process.exitCode = (await reader.end()) ? 0 : 1;
}

badDay().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
