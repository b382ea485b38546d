/** The one task queue of the platform: workflows and activities of every kind. */
export const TASK_QUEUE = 'mfg-data-platform';
