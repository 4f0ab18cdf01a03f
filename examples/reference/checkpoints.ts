// Checkpoints: consistent cuts with an id, every `checkpointInterval` finished nodes. Here a backup is restored.
// `handle.checkpoints()` lists them; `executor.resumeCheckpoint(id)` goes on: what is still paused there, or a new execution.
import { defineNode } from 'fanjoin/node';
import { defineWorkflow } from 'fanjoin/workflow';
import * as z from 'zod';

const Backup = z.object({ takenOn: z.iso.date(), rows: z.record(z.string(), z.int()) });

const restore = defineNode({
  type: 'backup.restore',
  input: z.object({ table: z.string(), backup: Backup }),
  output: z.object({ table: z.string(), rows: z.int() }),
  execute: ({ table, backup }) => ({ table, rows: backup.rows[table] ?? 0 }),
});

const verify = defineNode({
  type: 'backup.verify',
  input: z.array(z.object({ table: z.string(), rows: z.int() })),
  output: z.object({ restoredRows: z.int() }),
  execute: (tables) => ({ restoredRows: tables.reduce((sum, { rows }) => sum + rows, 0) }),
});

const table = (name: string) => ({ handler: restore, input: { table: name, backup: '{% $input %}' } });

export default defineWorkflow({
  name: 'restore-backup',
  strategy: 'sequential',
  input: Backup,
  config: { enableCheckpoints: true, checkpointInterval: 2 },
  nodes: {
    customers: table('customers'),
    products: table('products'),
    orders: table('orders'),
    payments: table('payments'),
    verify: { handler: verify, input: '{% [$nodes.customers, $nodes.products, $nodes.orders, $nodes.payments] %}' },
  },
});
