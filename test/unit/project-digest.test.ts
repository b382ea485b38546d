import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { projectDigests } from '../../transform/project-digest';
import { scratchDir } from '../support/scratch';

describe('the digests of a dbt project', () => {
  it('tell what dbt sees change node by node from what may change everything', async () => {
    const dbtDir = scratchDir();
    const write = (name: string, content: string) => {
      mkdirSync(path.dirname(path.join(dbtDir, name)), { recursive: true });
      writeFileSync(path.join(dbtDir, name), content);
    };
    write('dbt_project.yml', 'name: a');
    write('models/marts/kpis.sql', 'select 1');
    const first = await projectDigests(dbtDir);
    write('target/manifest.json', '{}');
    write('logs/dbt.log', 'x');
    expect(await projectDigests(dbtDir)).toEqual(first);

    write('models/marts/kpis.sql', 'select 2');
    write('tests/generic/is_ratio.sql', '{% test is_ratio() %}');
    const edited = await projectDigests(dbtDir);
    expect(edited.projectDigest).not.toBe(first.projectDigest);
    expect(edited.settingsDigest).toBe(first.settingsDigest);

    for (const name of ['dbt_project.yml', 'profiles.yml', 'macros/schemas.sql', 'seeds/shifts.csv']) {
      const before = await projectDigests(dbtDir);
      write(name, 'changed');
      expect((await projectDigests(dbtDir)).settingsDigest).not.toBe(before.settingsDigest);
    }
  });
});
