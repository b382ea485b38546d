import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Puts messages and stack traces of failures into payloads, so that they are encrypted with them. Workers bundle this
 * module with the workflows by its path; clients read such failures by default.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
