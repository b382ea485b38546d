/** One record before it is written. */
export interface Row {
  /** Tells it from the other rows of its table, from one delivery to the next. */
  number: number;
  cells: string[];
  /** One of its local times is shown twice by the wall clock, since daylight saving ends then. */
  isAmbiguous?: boolean;
}
