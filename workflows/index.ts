/** The registry of workflows; their function names are their types. */
export { mfgAlert } from './alert';
export { mfgDataQualityMonitoring } from './data-quality-monitoring';
export { mfgDbtTransform } from './dbt-transform';
export { mfgIncident } from './incident';
export { mfgPublications } from './publications';
export { mfgRawIngestion } from './raw-ingestion';
export { mfgRetention } from './retention';
