// AS OF and FOR PORTION OF through drizzle: its builder only, but for what sets the time.
import { drizzle } from 'drizzle-orm/node-postgres';
import { and, asc, eq, sql } from 'drizzle-orm';
import { customType, integer, pgTable, text } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { connection, failure, show } from './connect.mjs';

const daterange = customType({ dataType: () => 'daterange' });
const columns = () => ({ item: text('item'), amount: integer('amount'), validAt: daterange('valid_at') });
const price = pgTable('price', columns());
const portion = pgTable('price_for_portion_of_valid_at', columns());

const pool = new pg.Pool({ ...connection, max: 2 });
const db = drizzle(pool);
const { rows: [{ then }] } = await pool.query('SELECT "then" FROM moment');
const names = (rows) => rows.map((row) => `${row.item} ${row.amount}`);
const tea = (handle) => handle.select({ item: price.item, amount: price.amount }).from(price)
  .where(eq(price.item, 'tea')).orderBy(asc(price.validAt));

show('now', names(await tea(db)));
show('function', names(await db.select({ item: sql`p.item`, amount: sql`p.amount` })
  .from(sql`price_as_of(${then}) AS p`).where(sql`p.item = 'tea'`).orderBy(sql`p.valid_at`)));
await db.transaction(async (tx) => {
  await tx.execute(sql`SELECT tsmem.set_system_time(${then}, true)`);
  show('session', names(await tea(tx)));
});
show('refused', await failure(db.transaction(async (tx) => {
  await tx.execute(sql`SELECT tsmem.set_system_time(${then}, true)`);
  await tx.delete(price).where(eq(price.item, 'tea'));
})));
show('after', names(await tea(db)));

await db.update(portion).set({ validAt: '[2026-05-01,2026-06-01)', amount: 7 })
  .where(and(eq(portion.item, 'cocoa')));
show('portion', (await db.select({ amount: price.amount, validAt: price.validAt }).from(price)
  .where(eq(price.item, 'cocoa')).orderBy(asc(price.validAt))).map((row) => `${row.validAt} ${row.amount}`));
await pool.end();
