// How the scripts reach the server of the test: as libpq does, by PGHOST, PGPORT, PGUSER and PGDATABASE.
export const connection = {
  host: process.env.PGHOST,
  port: Number(process.env.PGPORT),
  user: process.env.PGUSER,
  database: process.env.PGDATABASE,
};

// One line a result; the test compares the lines.
export function show(name, value) {
  console.log(`${name}: ${JSON.stringify(value)}`);
}

// The SQLSTATE of what must fail.
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return (error.cause ?? error).code;
  }
  return 'no error';
}
