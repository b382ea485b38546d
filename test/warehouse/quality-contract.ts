import type { CheckOutcome } from '../../contracts/quality';
import { parseModelsFile, type CheckedModels } from '../../contracts/model-quality';
import { checkPublication, type QualityRequest } from '../../quality/checks';
import { WarehouseBench, MATERIALS, type MakeWarehouse } from '../support/warehouse-bench';

/** What is declared of two models that SQL makes in place of dbt. */
const MODELS_YAML = `
models:
  - name: stg_mes__readings
    config:
      meta:
        quality:
          key: [reading_id]
          dated_by: _logical_date
          rules:
            - { name: is_negative, fails_when: value < 0 }
            - { name: is_large, fails_when: value > 90, severity: info }
            - { name: has_no_such_column, fails_when: nonsense = 1 }
    columns:
      - name: material_id
        config: { meta: { quality: { references: { to: dim_material.material_id } } } }
      - name: unit
        config: { meta: { quality: { accepted_values: { values: [mm, A] } } } }
      - name: value
        config:
          meta:
            quality:
              range: { by: unit, bounds: { mm: [-5, 200], A: [null, 1000] }, severity: error }
              shift: { by: [unit], max_psi: 0.2 }
              scale: { by: [unit], factor: 10 }
  - name: dim_material
    config:
      meta:
        quality:
          key: [material_id]
          reconciliations:
            - { name: every_material, measure: count(*), of: stg_mes__materials, of_measure: count(*), gate: true }
`;

/** Staging views of the bench's two tables; a reading's material is the end of its key. */
const MODELS_SQL = `
  create view staging.stg_mes__materials as select * from raw.materials;
  create view staging.stg_mes__readings as
    select distinct reading_id, 'm' || right(reading_id, 1) as material_id,
      case when right(reading_id, 1) = '1' then 'mm' else 'A' end as unit, try_cast(value as double) as value, _logical_date
    from raw.readings;
  create view core.dim_material as select material_id from raw.materials`;

const READINGS = 'reading_id,value\n';
/** Fifteen days and the one after them, up to 2026-03-08. */
const DAYS = Array.from({ length: 16 }, (_, n) => new Date(Date.UTC(2026, 1, 21 + n)).toISOString().slice(0, 10));
/** Readings of a day: 240 of each of two units, four of each value from 1 to 60. */
const ordinary = (day: string) =>
  [1, 2].flatMap((unit) => Array.from({ length: 240 }, (_, n) => `${day}-${n}-${unit},${(n % 60) + 1}`));

function modelsOf(yaml: string): CheckedModels {
  const schemas = { stg_mes__readings: 'staging', stg_mes__materials: 'staging', dim_material: 'core' };
  const schemaOf = (model: string) => schemas[model as keyof typeof schemas];
  const models = parseModelsFile(yaml, 'models.yml').map((model) => ({ ...model, schema: schemaOf(model.name) }));
  return { models, schemaOf };
}

/** The checks of sources and models, with the same outcomes on every warehouse. */
export function qualityContract(name: string, make: MakeWarehouse): void {
  describe(`quality checks: ${name}`, () => {
    let bench: WarehouseBench;
    let yesterday: string[];
    const models = modelsOf(MODELS_YAML);

    const check = async (request: Partial<QualityRequest> = {}) => {
      const target = { kind: 'head' } as const;
      const whole = { target, systems: [bench.system], models, asOf: undefined, ...request };
      const { asOf, outcomes } = await checkPublication(bench.warehouse, whole);
      const of = (check: string, table: string) =>
        outcomes.find((outcome) => outcome.check === check && outcome.table === table) as CheckOutcome;
      const bad = () =>
        outcomes.filter(({ status }) => status !== 'PASS').map(({ check, table }) => `${check} ${table}`);
      return { asOf, outcomes, of, bad };
    };

    /** Publishes a day on which these readings came instead of the ordinary ones. */
    const publishDay = async (day: string, readings: string[]) => {
      bench.deliver(`${day}/materials.csv`, `${MATERIALS}m1,steel,1\nm2,zinc,2\n`);
      bench.deliver(`${day}/readings.csv`, READINGS + readings.map((line) => `${line}\n`).join(''));
      const candidate = await bench.candidateOf(MODELS_SQL);
      await bench.warehouse.publish(candidate);
    };

    const publishOrdinaryDays = async () => {
      for (const day of DAYS.slice(0, 15)) {
        bench.deliver(`${day}/materials.csv`, `${MATERIALS}m1,steel,1\nm2,zinc,2\n`);
        bench.deliver(
          `${day}/readings.csv`,
          READINGS +
            ordinary(day)
              .map((line) => `${line}\n`)
              .join(''),
        );
      }
      await bench.warehouse.publish(await bench.candidateOf(MODELS_SQL));
    };

    /** A rule that cannot run is an error by itself. */
    const passOnOrdinaryDays = async () => {
      const { asOf, of, bad } = await check();
      expect(asOf.toISOString()).toBe('2026-03-07T23:00:00.000Z');
      expect(bad()).toEqual(['has_no_such_column stg_mes__readings']);
      expect(of('has_no_such_column', 'stg_mes__readings')).toMatchObject({
        status: 'ERROR',
        detail: expect.stringMatching(/nonsense/i) as string,
      });
      expect(of('is_negative', 'stg_mes__readings')).toMatchObject({ status: 'PASS', observed: '0 of 7200 rows' });
    };

    const findWhatIsForbidden = async () => {
      const [day = ''] = DAYS.slice(15);
      const wrong = [
        ...ordinary(day)
          .filter((line) => line.includes('-1,'))
          .map((line) => line.replace(/,(\d+)$/, ',$1000')),
        ...ordinary(day)
          .filter((line) => line.includes('-2,'))
          .map((line) => line.replace(/,\d+$/, ',7')),
        ...['a-1,-3', 'a-1,-3', 'b-7,5', 'c-1,', 'd-1,', 'e-1,', 'f-1,', 'g-1,', 'h-1,', 'i-1,N/A', 'j-1,', 'k-1,'],
      ];
      await publishDay(day, wrong);
      const { of, bad } = await check();
      expect(bad()).toEqual([
        'duplicates_identical readings',
        'null_ratio readings',
        'is_negative stg_mes__readings',
        'is_large stg_mes__readings',
        'has_no_such_column stg_mes__readings',
        'orphans_material_id stg_mes__readings',
        'range_value stg_mes__readings',
        'shift_value stg_mes__readings',
        'scale_value stg_mes__readings',
      ]);
      expect(of('duplicates_identical', 'readings')).toMatchObject({ status: 'WARN', sample: ['a-1'] });
      expect(of('null_ratio', 'readings').observed).toMatch(/^value empty in 1\.\d %/);
      expect(of('is_negative', 'stg_mes__readings')).toMatchObject({
        ...{ status: 'WARN', severity: 'WARN', observed: '1 of 491 rows', sample: ['a-1'] },
      });
      expect(of('is_large', 'stg_mes__readings')).toMatchObject({ status: 'WARN', severity: 'INFO' });
      expect(of('orphans_material_id', 'stg_mes__readings')).toMatchObject({ sample: ['b-7'] });
      expect(of('range_value', 'stg_mes__readings')).toMatchObject({ status: 'FAIL', severity: 'ERROR' });
      expect(of('scale_value', 'stg_mes__readings')).toMatchObject({
        sample: ['mm'],
        detail: 'times 984: has its unit changed?',
      });
      expect(of('shift_value', 'stg_mes__readings').sample).toEqual(expect.arrayContaining(['A', 'mm']));

      yesterday = bad();
    };

    const forgetItWithTheNextDelivery = async () => {
      await publishDay('2026-03-09', ordinary('2026-03-09'));
      expect((await check()).bad()).toEqual(['has_no_such_column stg_mes__readings']);
      // The publication before is what it was.
      const { outcomes } = await check({ target: { kind: 'publication', publication: 2 } });
      const before = outcomes.filter(({ status }) => status !== 'PASS').map(({ check, table }) => `${check} ${table}`);
      expect(before).toEqual(yesterday);
    };

    const lookAtCandidatesAsGates = async () => {
      bench.deliver('2026-03-10/materials.csv', `${MATERIALS}m1,steel,1\nm2,zinc,2\nm3,tin,1\n`);
      const lossy = MODELS_SQL.replace(
        'select material_id from raw.materials',
        "select material_id from raw.materials where material_id <> 'm3'",
      );
      const publication = await bench.candidateOf(lossy);
      const target = { kind: 'candidate', publication } as const;
      const { outcomes } = await check({ target, gatesOnly: true });
      expect(outcomes).toMatchObject([
        {
          ...{ check: 'every_material', table: 'dim_material', status: 'FAIL', isGate: true },
          ...{ observed: 'count(*) = 2', expected: '3 in stg_mes__materials' },
        },
      ]);
    };

    /** Of the system when nothing came at all. */
    const tellOfMissedDays = async () => {
      bench.deliver('2026-03-12/materials.csv', `${MATERIALS}m1,steel,1\nm2,zinc,2\n`);
      await bench.warehouse.publish(await bench.candidateOf(MODELS_SQL));
      const { of } = await check();
      expect(of('missed_delivery', '(mes)')).toMatchObject({ status: 'FAIL', sample: ['2026-03-11'] });
      expect(of('missed_delivery', 'materials')).toMatchObject({ status: 'PASS' });
      expect(of('missed_delivery', 'readings')).toMatchObject({ status: 'FAIL', sample: ['2026-03-10'] });
      // Three days later nothing has come any more: by the clock, not by what is there.
      const later = await check({ asOf: new Date('2026-03-15T12:00:00Z') });
      expect(later.of('missed_delivery', '(mes)').sample).toEqual(['2026-03-11', '2026-03-13']);
    };

    // One test, since a bench lasts for one.
    it('find what is declared, delivery by delivery, on candidates too', async () => {
      bench = new WarehouseBench(make);
      await publishOrdinaryDays();
      await passOnOrdinaryDays();
      await findWhatIsForbidden();
      await forgetItWithTheNextDelivery();
      await lookAtCandidatesAsGates();
      await tellOfMissedDays();
    });
  });
}
