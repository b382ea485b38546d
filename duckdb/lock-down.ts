import type { DuckDb } from './connection';
import { sqlStringList } from './sql-text';

/**
 * From here on a database sees what is attached, the given places and nothing else of the machine, whatever it is asked.
 *
 * @param places folders that it may read, single files that it may read and write.
 */
export async function lockDown(
  db: DuckDb,
  { directories, files = [] }: { directories: readonly string[]; files?: readonly string[] },
): Promise<void> {
  await db.run(`set allowed_directories = ${sqlStringList(directories)};
    set allowed_paths = ${sqlStringList(files)};
    set enable_external_access = false; set lock_configuration = true`);
}
