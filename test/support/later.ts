const REAL = ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'].concat([
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
]);

/** Lets the platform's clock show a later time until `jest.useRealTimers()`; files and databases keep their real times. */
export function later(hours: number): void {
  jest.useFakeTimers({ now: Date.now() + hours * 3_600_000, doNotFake: REAL as [] });
}
