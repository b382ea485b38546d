import type { RawIngestionInput, RetentionInput } from '../contracts/workflow-inputs';

/** What the Web UI shows beside a run from its start: what was asked for, in one line. The input is valid. */
export function startSummary({ workflowType, input }: { workflowType: string; input: object }): string {
  if (workflowType === 'mfgDataQualityMonitoring') {
    const { publication } = input as { publication?: number };
    return `Quality checks of ${publication === undefined ? 'what readers see' : `publication ${publication}`}`;
  }
  if (workflowType === 'mfgRetention') {
    return (input as RetentionInput).dryRun ? 'What retention would remove' : 'Removes what nothing needs any more';
  }
  if (workflowType === 'mfgPublications') return 'Reads the publication log';
  const { select = [] } = input as RawIngestionInput;
  if (workflowType !== 'mfgRawIngestion') return `Builds ${select.length > 0 ? few(select) : 'all models'}`;
  const { sourceSystem, logicalDate, exact, tables, from, to, dates } = input as RawIngestionInput;
  const what = tables === undefined ? 'what was delivered' : few(tables);
  const when =
    from !== undefined
      ? `from ${from} to ${to}`
      : dates !== undefined
        ? `on ${few(dates)}`
        : logicalDate === undefined
          ? 'and is pending, up to the newest day'
          : exact
            ? `on ${logicalDate}`
            : `up to ${logicalDate}`;
  return `Loads ${what} ${when}${sourceSystem === undefined ? '' : `, ${sourceSystem}`}`;
}

/** What the Web UI shows below it, in Markdown: where to learn more. */
export function startDetails({ workflowId }: { workflowId: string }): string {
  return `\`npx mfg runs show ${workflowId}\` tells what it did, \`npx mfg runs --help\` how to steer it.`;
}

const FEW = 3;

function few(names: string[]): string {
  const more = names.length - FEW;
  return `${names.slice(0, FEW).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
