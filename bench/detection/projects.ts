import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PROJECT_ROOT } from '../../contracts/config';

/** The shipped dbt project, tests and all. */
export const SHIPPED_PROJECT = path.join(PROJECT_ROOT, 'dbt');

/** What makes the tests of a project nodes of a build. */
const TESTS_ARE_NODES = '  +severity: error\n';

/**
 * Copies the shipped project into a folder, without its tests being nodes: what builds then is the models alone, and what finds a
 * fault is the platform's checks alone. dbt's tests are asked separately, on the same data.
 *
 * @returns the copy's folder.
 * @throws Error when the project's file no longer has the line that is switched off.
 */
export async function projectWithoutTests(folder: string): Promise<string> {
  const project = path.join(folder, 'dbt');
  await rm(project, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(SHIPPED_PROJECT, project, { recursive: true });
  const file = path.join(project, 'dbt_project.yml');
  const shipped = await readFile(file, 'utf8');
  const silent = shipped.replace(TESTS_ARE_NODES, '  +enabled: false\n');
  if (silent === shipped) throw new Error(`${file} has no line '${TESTS_ARE_NODES.trim()}' any more.`);
  await writeFile(file, `${silent}\nunit_tests:\n  +enabled: false\n`);
  return project;
}
