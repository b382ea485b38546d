import { activityInfo, Context } from '@temporalio/activity';
import { listIncidents } from '../incidents/list-incidents';
import { writeReport, type WrittenReport } from '../report/write-report';
import type { ActivityDependencies } from './dependencies';
import { withHeartbeat } from './heartbeat';

export function createWriteReportPage({ config, warehouse }: ActivityDependencies) {
  /** Writes the report page of what readers see now; null where no file is configured. */
  return async function writeReportPage(): Promise<WrittenReport | null> {
    const { reportFile, temporalUiUrl: url } = config;
    if (reportFile === undefined) return null;
    const { client } = Context.current();
    const { namespace } = activityInfo();
    return withHeartbeat(() =>
      writeReport(
        warehouse,
        { publication: undefined, webUi: { url, namespace }, openIncidents: () => listIncidents(client, false) },
        reportFile,
      ),
    );
  };
}
