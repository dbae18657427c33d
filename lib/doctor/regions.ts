// Two domains of old, one of each sovereign cloud, and those of the other profiles.
const CXONE = /(^|\.)(nice-?incontact\.com|nicecxone(-[a-z0-9]+)?\.[a-z]{2,}|cxone\.com)$/i

/** Whether a host is one of CXone's own. */
export const isCxoneHost = (host: string): boolean => CXONE.test(host)

/** The area in the name of a CXone host: `na1` in `api-na1.niceincontact.com`. */
export const areaIn = (host: string): string | undefined =>
  isCxoneHost(host) ? /(?:^|api-)([a-z]{2}-?\d{1,2})\./i.exec(host)?.[1]?.toLowerCase() : undefined
