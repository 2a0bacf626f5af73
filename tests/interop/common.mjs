// What both drivers share: they read one JSON object from standard input (the server's address,
// the credential, what to ask for) and print one JSON object of answers.
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

export const SERVICE = "sentry.integrations.scm.v1.ScmService";

export async function readTask() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const task = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  const set = fromBinary(FileDescriptorSetSchema, Buffer.from(task.descriptors, "base64"));
  return { ...task, registry: createFileRegistry(set) };
}

// The emulated host answers the next blame late: long after the deadline.
export async function delayHost(task) {
  const fault = { kind: "latency", seconds: 5, match: "graphql", times: 1 };
  await fetch(task.faults, { method: "DELETE" });
  const added = await fetch(task.faults, { method: "POST", body: JSON.stringify(fault) });
  if (!added.ok) throw new Error(`the emulator refused the fault: ${added.status}`);
}

// JSON has no 64-bit integers: they travel as strings.
export function print(answers) {
  const plain = (_, value) => (typeof value === "bigint" ? value.toString() : value);
  process.stdout.write(JSON.stringify(answers, plain) + "\n");
}

export const rangeFacts = (range) => [
  range.startLine, range.endLine, range.commitId, range.author.name, range.lines,
];

export const repositoryFacts = (repository) => ({
  id: repository.id, name: repository.name, provider: repository.provider, url: repository.url,
});
