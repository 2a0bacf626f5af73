// Drives the service with npm's grpc-web, binary and text. It speaks through XMLHttpRequest, which
// Node has not: xhr2 gives it.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import grpcWeb from "grpc-web";
import XMLHttpRequest from "xhr2";
import { delayHost, print, rangeFacts, readTask, repositoryFacts, SERVICE } from "./common.mjs";

globalThis.XMLHttpRequest = XMLHttpRequest;

function descriptor(task, name, kind) {
  const method = task.registry.getService(SERVICE).methods.find((each) => each.name === name);
  return new grpcWeb.MethodDescriptor(
    `/${SERVICE}/${name}`, kind, Object, Object,
    (message) => toBinary(method.input, create(method.input, message)),
    (bytes) => fromBinary(method.output, bytes),
  );
}

function unary(task, client, name, request, metadata) {
  const method = descriptor(task, name, grpcWeb.MethodType.UNARY);
  return client.unaryCall(task.baseUrl + method.getName(), request, metadata, method);
}

function stream(task, client, name, request, metadata) {
  const method = descriptor(task, name, grpcWeb.MethodType.SERVER_STREAMING);
  const call = client.serverStreaming(task.baseUrl + method.getName(), request, metadata, method);
  return new Promise((resolve, reject) => {
    const messages = [];
    call.on("data", (message) => messages.push(message));
    call.on("error", reject);
    call.on("end", () => resolve(messages));
  });
}

async function failure(call) {
  try {
    await call();
  } catch (error) {
    const name = Object.keys(grpcWeb.StatusCode).find((key) => grpcWeb.StatusCode[key] === error.code);
    return { code: name, message: error.message, details: Boolean(error.metadata?.["grpc-status-details-bin"]) };
  }
  return { code: "none" };
}

async function drive(task, format) {
  const client = new grpcWeb.GrpcWebClientBase({ format });
  const repositoryId = BigInt(task.repositoryId);
  const metadata = { "x-api-key": task.apiKey };
  const blame = { repositoryId, commitSha: task.commitSha, filepath: task.path };
  const ranges = await stream(task, client, "StreamFileBlame", blame, metadata);
  return {
    repository: repositoryFacts(await unary(task, client, "GetRepository", { repositoryId }, metadata)),
    line: await unary(task, client, "GetCommitContext", { ...blame, lineNumber: task.line }, metadata)
      .then((context) => ({ commit: context.blameCommitId, author: context.blameAuthor.name, code: context.codeSnippet })),
    ranges: ranges.map(rangeFacts),
    missing: await failure(() => unary(task, client, "GetRepository", { repositoryId: 1n }, metadata)),
    unauthenticated: await failure(() => unary(task, client, "GetRepository", { repositoryId }, {})),
    deadline: await failure(async () => {
      await delayHost(task);
      const deadline = String(Date.now() + 300);
      await unary(task, client, "GetCommitContext", { ...blame, lineNumber: 1 }, { ...metadata, deadline });
    }),
    streamFailure: await failure(
      () => stream(task, client, "StreamFileBlame", { ...blame, filepath: "no/such/file" }, metadata)),
  };
}

const task = await readTask();
print({ binary: await drive(task, "binary"), text: await drive(task, "text") });
