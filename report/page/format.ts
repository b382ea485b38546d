const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const NONE = '–';

/** A whole number, with separators. */
export function count(value: number | null): string {
  return value === null ? NONE : whole.format(Math.round(value));
}

/** A number with one decimal at the most. */
export function decimal(value: number | null): string {
  return value === null ? NONE : short.format(value);
}

/** A ratio as per cent, with one decimal. */
export function percent(ratio: number | null): string {
  return ratio === null ? NONE : `${(100 * ratio).toFixed(1)} %`;
}

/** The difference of two ratios in percentage points, with its sign. */
export function points(difference: number): string {
  const value = Math.abs(100 * difference).toFixed(1);
  return `${difference < 0 ? '−' : '+'}${value} points`;
}

/** Seconds as hours and minutes; below an hour as minutes, below a minute as seconds. */
export function duration(seconds: number | null): string {
  if (seconds === null) return NONE;
  const sign = seconds < 0 ? '−' : '';
  const size = Math.abs(seconds);
  if (size < 60) return `${sign}${Math.round(size)} s`;
  const minutes = Math.round(size / 60);
  if (minutes < 60) return `${sign}${minutes} min`;
  return `${sign}${whole.format(Math.floor(minutes / 60))} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** A store's timestamp (UTC) to the minute. */
export function time(timestamp: string): string {
  return `${timestamp.replace('T', ' ').slice(0, 16)} UTC`;
}

/** A day, with its weekday. */
export function day(date: string): string {
  const weekday = new Intl.DateTimeFormat('en', { weekday: 'short', timeZone: 'UTC' }).format(
    new Date(`${date}T00:00Z`),
  );
  return `${weekday} ${date}`;
}

/** A day so many days later, or earlier. */
export function daysLater(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** A code name in words: unplanned_down becomes unplanned down. */
export function words(code: string): string {
  return code.replaceAll('_', ' ');
}
