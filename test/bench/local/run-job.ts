import { Job, runJob } from './job.ts';

/** Does one job, told as JSON, in this process alone, and prints its outcome. */
console.log(JSON.stringify(await runJob(Job.parse(JSON.parse(process.argv[2] ?? '')))));
