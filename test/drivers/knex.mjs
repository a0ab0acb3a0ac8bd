// AS OF and FOR PORTION OF through knex: its builder only, but for what sets the time.
import knex from 'knex';
import { connection, failure, show } from './connect.mjs';

const db = knex({ client: 'pg', connection, pool: { min: 1, max: 2 } });
const [{ then }] = await db('moment').select('then');
const names = (rows) => rows.map((row) => `${row.item} ${row.amount}`);

show('now', names(await db('price').where('item', 'tea').orderBy('valid_at')));
show('function', names(await db.from(db.raw('price_as_of(?) as p', [then])).where('p.item', 'tea').orderBy('valid_at')));
show('join', (await db('price as p')
  .join(db.raw('price_as_of(?) as old', [then]), function () {
    this.on('old.item', 'p.item').andOn(db.raw('old.valid_at && p.valid_at'));
  })
  .where('p.item', 'tea').orderBy('p.valid_at').select('p.amount as new', 'old.amount as old'))
  .map((row) => `${row.old} ${row.new}`));

await db.transaction(async (trx) => {
  await trx.select(trx.raw('tsmem.set_system_time(?, true)', [then]));
  show('session', names(await trx('price').where('item', 'tea').orderBy('valid_at')));
  show('count', await trx('price').count('* as n').first());
});
show('refused', await failure(db.transaction(async (trx) => {
  await trx.select(trx.raw('tsmem.set_system_time(?, true)', [then]));
  await trx('price').where('item', 'tea').update({ amount: 0 });
})));
show('after', names(await db('price').where('item', 'tea').orderBy('valid_at')));

show('updated', await db('price_for_portion_of_valid_at').where('item', 'coffee')
  .update({ valid_at: '[2026-03-01,2026-04-01)', amount: 9 }));
show('portion', (await db('price').where('item', 'coffee').orderBy('valid_at')
  .select('amount', db.raw('valid_at::text as valid_at'))).map((row) => `${row.valid_at} ${row.amount}`));
await db.destroy();
