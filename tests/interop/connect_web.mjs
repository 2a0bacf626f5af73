// Drives the service with @connectrpc/connect-web, over gRPC-Web and over Connect.
import { createClient, ConnectError, Code } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { delayHost, print, rangeFacts, readTask, repositoryFacts, SERVICE } from "./common.mjs";

async function failure(task, call) {
  try {
    await call();
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    const info = ConnectError.from(error).findDetails(task.registry.getMessage("google.rpc.ErrorInfo"))[0];
    return { code: Code[code], message: rawMessage, reason: info?.reason, domain: info?.domain };
  }
  return { code: "none" };
}

async function drive(task, transport) {
  const client = createClient(task.registry.getService(SERVICE), transport);
  const repositoryId = BigInt(task.repositoryId);
  const options = { headers: { "x-api-key": task.apiKey } };
  const blame = { repositoryId, commitSha: task.commitSha, filepath: task.path };
  const ranges = [];
  for await (const range of client.streamFileBlame(blame, options)) ranges.push(rangeFacts(range));
  const listed = await client.listRepositories({}, options);
  return {
    repository: repositoryFacts(await client.getRepository({ repositoryId }, options)),
    listed: listed.repositories.map((repository) => repository.name),
    line: await client.getCommitContext({ ...blame, lineNumber: task.line }, options)
      .then((context) => ({ commit: context.blameCommitId, author: context.blameAuthor.name, code: context.codeSnippet })),
    ranges,
    missing: await failure(task, () => client.getRepository({ repositoryId: 1n }, options)),
    unauthenticated: await failure(task, () => client.getRepository({ repositoryId })),
    deadline: await failure(task, async () => {
      await delayHost(task);
      await client.getCommitContext({ ...blame, lineNumber: 1 }, { ...options, timeoutMs: 300 });
    }),
    streamFailure: await failure(task, async () => {
      for await (const _ of client.streamFileBlame({ ...blame, filepath: "no/such/file" }, options));
    }),
  };
}

const task = await readTask();
const baseUrl = task.baseUrl;
print({
  grpcWeb: await drive(task, createGrpcWebTransport({ baseUrl })),
  connect: await drive(task, createConnectTransport({ baseUrl })),
  connectBinary: await drive(task, createConnectTransport({ baseUrl, useBinaryFormat: true })),
  prefixed: await drive(task, createGrpcWebTransport({ baseUrl: `${baseUrl}/grpc` })),
});
