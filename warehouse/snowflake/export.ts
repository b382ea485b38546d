import { InvalidInputError } from '../../contracts/errors';
import type { ExportFile, ExportResult, QueryTarget } from '../warehouse';
import type { SnowflakeStore } from './publications';

export async function exportRelation(
  _store: SnowflakeStore,
  _target: QueryTarget,
  relation: string,
  _file: ExportFile,
  _signal: AbortSignal | undefined,
): Promise<ExportResult> {
  throw new InvalidInputError(`${relation} cannot be exported from Snowflake yet.`);
}
