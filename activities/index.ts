import { createBuildCandidate } from './build-candidate';
import { createCheckGates } from './check-gates';
import { createCheckLoad } from './check-load';
import { createCheckQuality } from './check-quality';
import type { ActivityDependencies } from './dependencies';
import { createCurrentPublication } from './current-publication';
import { createAlertTargets, createDeliverAlert, createPingDeadMan } from './deliver-alert';
import { createDiscoverDeliveries } from './discover-deliveries';
import { createListPublications } from './list-publications';
import { createLoadPartitions } from './load-partitions';
import { createParseTransformInput } from './parse-transform-input';
import { createPublish } from './publish';
import { createRetain } from './retain';
import { createUpdateIncidents } from './update-incidents';
import { createWriteReportPage } from './write-report-page';

/** The registry of activities: made once per worker. */
export function createActivities(dependencies: ActivityDependencies) {
  return {
    discoverDeliveries: createDiscoverDeliveries(dependencies),
    loadPartitions: createLoadPartitions(dependencies),
    checkLoad: createCheckLoad(dependencies),
    buildCandidate: createBuildCandidate(dependencies),
    checkGates: createCheckGates(dependencies),
    publish: createPublish(dependencies),
    checkQuality: createCheckQuality(dependencies),
    retain: createRetain(dependencies),
    parseTransformInput: createParseTransformInput(dependencies),
    listPublications: createListPublications(dependencies),
    currentPublication: createCurrentPublication(dependencies),
    updateIncidents: createUpdateIncidents(dependencies),
    alertTargets: createAlertTargets(dependencies),
    deliverAlert: createDeliverAlert(dependencies),
    pingDeadMan: createPingDeadMan(dependencies),
    writeReportPage: createWriteReportPage(dependencies),
  };
}

export type Activities = ReturnType<typeof createActivities>;
