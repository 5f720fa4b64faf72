import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { expect, inject, test } from 'vitest';

const redisUrl = inject('redisUrl');
const mongoUri = inject('mongoUri');

test.skipIf(redisUrl === undefined)('the Redis of these tests keeps what it is given', async () => {
  const redis = new Redis(redisUrl ?? '');
  await redis.set('harness', 'kept', 'EX', 5);
  expect(await redis.get('harness')).toBe('kept');
  await redis.quit();
});

test.skipIf(mongoUri === undefined)('the MongoDB server of these tests keeps what it is given', async () => {
  const mongo = new MongoClient(mongoUri ?? '');
  const notes = mongo.db('harness').collection<{ _id: string; text: string }>('notes');
  await notes.insertOne({ _id: 'note', text: 'kept' });
  expect(await notes.findOne({ _id: 'note' })).toEqual({ _id: 'note', text: 'kept' });
  await mongo.db('harness').dropDatabase();
  await mongo.close();
});
