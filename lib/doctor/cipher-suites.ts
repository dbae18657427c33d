/**
 * The suites of which CXone, as a client, needs one (NICE, network requirements for REST API calls). Whether it offers
 * suites of TLS 1.3 is not documented. OpenSSL's names.
 */
export const CXONE_CLIENT_SUITES = [
  'DHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
] as const
