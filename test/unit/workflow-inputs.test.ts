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
