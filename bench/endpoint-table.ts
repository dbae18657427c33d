import { launchServer, type TestServer } from '../test/support/postgres-server.ts'
import { runOn } from '../test/support/postgres.ts'

const ROWS = 100_000
export const STATEMENT =
  'select id, customer_name, account_status from customer_accounts where customer_id = :customer_id'

/** A server with the seed's table: 100,000 rows, indexed by customer. */
export async function serverWithTable(): Promise<TestServer> {
  const server = await launchServer()
  await runOn(
    server.url('postgres'),
    `create table customer_accounts (
       id integer primary key, customer_id integer not null, customer_name text not null, account_status text not null);
     insert into customer_accounts
       select i, i, 'Customer ' || i, case when i % 7 = 0 then 'closed' else 'open' end from generate_series(1, ${ROWS}) i;
     create index on customer_accounts (customer_id);
     analyze customer_accounts`,
  )
  await runOn(server.url('postgres'), 'vacuum customer_accounts')
  return server
}

/** Bodies as CXone sends them: every value is text. */
export const bodies = Array.from({ length: 1000 }, (_, i) =>
  JSON.stringify({ variables: { customer_id: String(((i * 7919) % ROWS) + 1) } }),
)
