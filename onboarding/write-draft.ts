import { constants, existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InvalidInputError } from '../contracts/errors';
import { parseSourcesFile, readSourceContracts, type SourceSystem } from '../contracts/source-contract';
import { draftModels } from './draft-models';
import { draftSources } from './draft-sources';
import type { FoundFile } from './folder';
import type { Survey } from './survey';

/** Files of `models/staging/<system>/`: text by name. */
export type Draft = Record<string, string>;

/**
 * Drafts a system's sources file, staging models and tests, and checks that the platform reads them.
 *
 * @param timeZone IANA zone of the system's local times.
 */
export function draftSystem(survey: Survey, timeZone: string): Draft {
  const sources = `_${survey.system}__sources.yml`;
  const draft = { [sources]: draftSources(survey, timeZone), ...draftModels(survey) };
  // What is drafted here and refused there is this program's mistake: it is found before anything is written.
  parseSourcesFile(draft[sources] ?? '', sources, survey.system);
  return draft;
}

/** Where a system's models stand. */
export function modelsFolder(dbtDir: string, system: string): string {
  return path.join(dbtDir, 'models', 'staging', system);
}

/**
 * The systems that are described already.
 *
 * @throws InvalidInputError when `system` is one of them: what people have edited is never written over.
 */
export async function otherSystems(dbtDir: string, system: string): Promise<SourceSystem[]> {
  const folder = modelsFolder(dbtDir, system);
  if (existsSync(folder)) {
    throw new InvalidInputError(
      `${system} is described already, in ${folder}: name another system with --system, or move that folder away first.`,
    );
  }
  return readSourceContracts(dbtDir);
}

/**
 * Writes a draft, whole or not at all.
 *
 * @throws InvalidInputError when the system's folder has come to be in the meantime.
 */
export async function writeDraft(dbtDir: string, system: string, draft: Draft): Promise<void> {
  const folder = modelsFolder(dbtDir, system);
  // Not beside the models: a system's folder without its sources file would stop every other command.
  const aside = await mkdtemp(path.join(dbtDir, `.draft-${system}-`));
  try {
    for (const [name, text] of Object.entries(draft)) await writeFile(path.join(aside, name), text);
    await rename(aside, folder);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!/EEXIST|ENOTEMPTY/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new InvalidInputError(`${folder} has come to be in the meantime: nothing was written.`, { cause: error });
  }
}

/**
 * Refuses to copy to where files stand already.
 *
 * @throws InvalidInputError naming the folder.
 */
export async function refuseTaken(target: string): Promise<void> {
  const standing = await readdir(target).catch(() => []);
  if (standing.length > 0) {
    throw new InvalidInputError(
      `${target} holds files already (${standing.slice(0, 3).join(', ')}): point \`mfg source init\` at that folder itself, or ` +
        `move it away first.`,
    );
  }
}

/** Copies files to where the loader looks for them, whole or not at all; the originals stay. */
export async function copyDeliveries(files: FoundFile[], target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const aside = await mkdtemp(path.join(path.dirname(target), `.incoming-${path.basename(target)}-`));
  try {
    for (const { file, place, modifiedAt } of files) {
      const copy = path.join(aside, place);
      await mkdir(path.dirname(copy), { recursive: true });
      await copyFile(file, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      // The day of a flat file is that of its change.
      await utimes(copy, modifiedAt, modifiedAt);
    }
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    throw error;
  }
}
