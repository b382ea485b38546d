/** The registry of workflows; their function names are their types. */
export { mfgDataQualityMonitoring } from './data-quality-monitoring';
export { mfgDbtTransform } from './dbt-transform';
export { mfgRawIngestion } from './raw-ingestion';
export { mfgRetention } from './retention';
