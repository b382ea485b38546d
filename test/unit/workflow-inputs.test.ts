import { dbtTransformInputSchema, parseWorkflowInput, rawIngestionInputSchema } from '../../contracts/workflow-inputs';

describe('a selection in an input', () => {
  const parse = (select: unknown) => parseWorkflowInput(dbtTransformInputSchema, 'mfgDbtTransform', { select });

  it.each(['plant_day_kpis', '2+dim_shift+1', '@stg_mes__materials', 'path:models/marts', 'tag:daily,marts.*'])(
    'may be %s',
    (selector) => {
      expect(parse([selector])).toEqual({ select: [selector] });
      expect(parseWorkflowInput(rawIngestionInputSchema, 'x', { select: [selector] })).toEqual({ select: [selector] });
    },
  );

  it.each([
    ['an option', ['--profiles-dir=/tmp']],
    ['an option with a value', ['a', '-s']],
    ['two arguments', ['a --exclude b']],
    ['a line break', ['a\n--exclude']],
    ['a shell command', ['$(id)']],
    ['a quote', ["a'"]],
    ['nothing', ['']],
    ['no selectors', []],
    ['not a list', 'a'],
    ['a very long one', ['a'.repeat(201)]],
  ])('may not be %s', (_what, select) => {
    expect(() => parse(select)).toThrow(/^mfgDbtTransform: select/);
  });

  it.each(['state:modified+', 'a,state:new', '1+result:fail', 'source_status:fresher+', '@state:old'])(
    'may not ask for the state of another build, as %s does',
    (selector) => {
      expect(() => parse([selector])).toThrow(/select\.0: must not ask for the state of another build/);
    },
  );

  it('goes with what becomes of unchanged work: load or reuse', () => {
    expect(() => parseWorkflowInput(rawIngestionInputSchema, 'x', { onUnchanged: 'skip' })).toThrow(
      "x: onUnchanged: must be 'load' or 'reuse'.",
    );
  });
});

const parse = (input: unknown) => parseWorkflowInput(rawIngestionInputSchema, 'mfgRawIngestion', input);

describe('the input of a backfill', () => {
  it.each([
    [{ from: '2026-01-01', to: '2026-01-01', reload: true, parallel: 8, publish: 'each' }],
    [{ from: '2015-01-20', to: '2026-01-01' }],
    [{ dates: ['2026-01-01', '2026-03-01'], tables: ['materials'] }],
    [{ strategy: 'truncate_reload', wait: false, exact: true, logicalDate: '2026-01-01' }],
  ])('%j is accepted', (input) => {
    expect(parse(input)).toEqual(input);
  });

  it.each<[unknown, RegExp]>([
    [{ from: '2026-01-01' }, /to: from and to go together/],
    [{ to: '2026-01-01' }, /from: from and to go together/],
    [{ from: '2026-01-02', to: '2026-01-01' }, /from: 2026-01-02 is after to, 2026-01-01/],
    [{ from: '2015-01-19', to: '2026-01-01' }, /to: a backfill spans at most 4000 days/],
    [{ from: '2026-01-01', to: '2026-01-02', dates: ['2026-01-01'] }, /dates: give either dates or from and to/],
    [{ from: '2026-01-01', to: '2026-01-02', logicalDate: '2026-01-01' }, /logicalDate: a backfill has from and to/],
    [{ from: '2026-01-01', to: '2026-01-02', exact: true }, /exact: a backfill loads exactly its days/],
    [{ dates: ['2026-01-01'], strategy: 'truncate_reload' }, /strategy: truncate_reload keeps one delivery/],
    [{ dates: [] }, /dates: /],
    [{ dates: ['2026-02-30'] }, /dates.0: must be a date/],
    [{ reload: true }, /reload: belongs to a backfill/],
    [{ publish: 'each' }, /publish: belongs to a backfill/],
    [{ parallel: 65 }, /parallel: /],
    [{ form: '2026-01-01' }, /known fields: .*from, to, dates/],
  ])('%j is refused in one sentence', (input, message) => {
    expect(() => parse(input)).toThrow(message);
  });
});
