// Run by mongosh. A set that is there already is left as it is.
const members = (process.env.MEMBERS ?? 'mongodb:27017').split(',').map((host, id) => ({ _id: id, host }));
try {
  rs.status();
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error;
  rs.initiate({ _id: 'lab', members });
}
while (!db.hello().isWritablePrimary && !db.hello().primary) sleep(200);
