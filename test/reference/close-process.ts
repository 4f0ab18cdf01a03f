import invoice from '../../examples/reference/sequential.ts';
import { WorkflowExecutor } from '../../shared/executor/workflow-executor.ts';

/** Runs one execution, at the endpoint that is named or here. It has to end by itself. */
const [endpoint] = process.argv.slice(2);
await using executor = new WorkflowExecutor(endpoint === undefined ? {} : { endpoint });
executor.callbacks.addHandler({ onWorkflowComplete: (workflow) => console.log(`${workflow} is complete`) });
const { output } = await executor.execute(invoice, { lines: [] });
console.log(JSON.stringify(output));
