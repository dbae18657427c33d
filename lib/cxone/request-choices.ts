/** The methods that `cxone-request` offers. */
export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const
export type Method = (typeof METHODS)[number]

/** How CXone's API hands out long lists. */
export const PAGINATIONS = ['none', 'skip-top', 'next-link'] as const
export type Pagination = (typeof PAGINATIONS)[number]
