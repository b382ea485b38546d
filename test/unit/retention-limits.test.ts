import { retentionInputSchema, parseWorkflowInput } from '../../contracts/workflow-inputs';
import { ATTEMPT_HOURS } from '../../warehouse/store/retention-marks';
import { BUILD, LOAD } from '../../workflows/activity-options';

describe('retention', () => {
  it('gives an attempt up no earlier than its own time limit', () => {
    expect([LOAD.startToCloseTimeout, BUILD.startToCloseTimeout]).toEqual([`${ATTEMPT_HOURS}h`, `${ATTEMPT_HOURS}h`]);
  });

  it('needs no input, and refuses what would keep nothing', () => {
    const parse = (input: unknown) => parseWorkflowInput(retentionInputSchema, 'mfgRetention', input);
    expect(parse(undefined)).toEqual({ keepPublications: 10, keepDays: 30, graceHours: 24, dryRun: false });
    expect(() => parse({ keepPublications: 0 })).toThrow(/^mfgRetention: keepPublications: .*>=1/);
    expect(() => parse({ keepDays: -1 })).toThrow(/keepDays/);
    expect(() => parse({ keep: 3 })).toThrow(
      /Unrecognized key: "keep" \(known fields: keepPublications, keepDays, graceHours, dryRun\)/,
    );
  });
});
