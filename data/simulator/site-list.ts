import { SECONDS_PER_HOUR } from './days';

/** What is known of a site before anything is built there. */
export interface SiteProfile {
  siteId: string;
  name: string;
  /** IANA name. */
  timeZone: string;
  /** Second of the local day at which a production day and its first shift begin. */
  dayStartsAtS: number;
  /** MM-DD of the public holidays, those with a fixed date only: no shifts. */
  holidays: readonly string[];
}

const SIX = 6 * SECONDS_PER_HOUR;

/** The sites of a maker of coatings, in the order in which a plant gets them. */
export const SITE_PROFILES: readonly SiteProfile[] = [
  {
    siteId: 'HAM',
    name: 'Hamburg',
    timeZone: 'Europe/Berlin',
    dayStartsAtS: SIX,
    holidays: ['01-01', '05-01', '10-03', '10-31', '12-25', '12-26'],
  },
  {
    siteId: 'CHI',
    name: 'Chicago',
    timeZone: 'America/Chicago',
    dayStartsAtS: 7 * SECONDS_PER_HOUR,
    holidays: ['01-01', '02-12', '06-19', '07-04', '11-11', '12-25'],
  },
  {
    siteId: 'PUN',
    name: 'Pune',
    timeZone: 'Asia/Kolkata',
    dayStartsAtS: SIX,
    holidays: ['01-26', '05-01', '08-15', '10-02', '12-25'],
  },
  {
    siteId: 'SYD',
    name: 'Sydney',
    timeZone: 'Australia/Sydney',
    dayStartsAtS: SIX,
    holidays: ['01-01', '01-26', '04-25', '12-25', '12-26'],
  },
  {
    siteId: 'SAO',
    name: 'São Paulo',
    timeZone: 'America/Sao_Paulo',
    dayStartsAtS: SIX,
    holidays: ['01-01', '04-21', '05-01', '09-07', '10-12', '11-02', '11-15', '12-25'],
  },
  {
    siteId: 'OSA',
    name: 'Osaka',
    timeZone: 'Asia/Tokyo',
    dayStartsAtS: 8 * SECONDS_PER_HOUR,
    holidays: ['01-01', '02-11', '02-23', '04-29', '05-03', '05-04', '05-05', '11-03', '11-23'],
  },
];
