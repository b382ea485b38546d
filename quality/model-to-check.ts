import type { CheckedModel, CheckedModels } from '../contracts/model-quality';
import type { RunQuery } from '../warehouse/warehouse';
import type { SqlText } from './sql';

/** What is needed to check one model. */
export interface ModelToCheck {
  query: RunQuery;
  sql: SqlText;
  model: CheckedModel;
  schemaOf: CheckedModels['schemaOf'];
  /** Logical dates that the publication added, ascending. */
  checkedDates: string[];
  gatesOnly: boolean;
}
