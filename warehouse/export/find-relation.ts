import { InvalidInputError } from '../../contracts/errors';

/** The schemas whose relations are exported. */
const LAYERS = ['raw', 'staging', 'core', 'marts'];

/** A relation of a data set; names of people's own choice in the catalog's spelling, the layers in lower case. */
export interface Relation {
  schema: string;
  name: string;
}

/**
 * The relation that a name means, among those that there are: the name itself never becomes SQL.
 *
 * @throws InvalidInputError that names what there is.
 */
export function findRelation<R extends Relation>(relations: readonly R[], wanted: string, publication: number): R {
  const exported = relations.filter(({ schema }) => LAYERS.includes(schema));
  const name = wanted.toLowerCase();
  const found = exported.find(
    (relation) =>
      `${relation.schema}.${relation.name}`.toLowerCase() === name ||
      (relation.schema === 'marts' && relation.name.toLowerCase() === name),
  );
  if (found !== undefined) return found;
  const namesIn = (layer: string) => exported.filter(({ schema }) => schema === layer).map((relation) => relation.name);
  const asked = LAYERS.find((layer) => layer !== 'marts' && name.startsWith(`${layer}.`));
  const marts = namesIn('marts');
  throw new InvalidInputError(
    [
      `there is no relation '${wanted}' in publication ${publication}: `,
      asked === undefined ? '' : `${asked} has ${namesIn(asked).join(', ') || 'none'}; `,
      `the marts are ${marts.join(', ') || 'none'}.`,
    ].join(''),
  );
}
