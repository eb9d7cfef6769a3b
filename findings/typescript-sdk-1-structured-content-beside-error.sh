#!/usr/bin/env bash
# The MCP TypeScript SDK 1.x holds `structuredContent` of a FAILED call against the tool's output schema.
#
# A server that answers a call with `isError: true`, a text and a machine-readable problem in `structuredContent` is
# understood before `tools/list` was called. After it the same client throws -32602 and the text of the error is gone:
# what the model needed in order to recover is lost. A refusal has no rows, so it cannot fit the schema of an answer.
#
# Seen with @modelcontextprotocol/sdk 1.32.2 on Node.js 20. Needs node and npm. Exits 1 if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/sdk@1.32.2
cat > seen.mjs <<'JS'
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";

const server = new Server({ name: "answers", version: "1" }, { capabilities: { tools: {} } });
server.setRequestHandler(ListToolsRequestSchema, async () => ({
  tools: [{
    name: "ask",
    inputSchema: { type: "object" },
    outputSchema: { type: "object", properties: { rows: { type: "array" } }, required: ["rows"] },
  }],
}));
server.setRequestHandler(CallToolRequestSchema, async () => ({
  isError: true,
  content: [{ type: "text", text: "no column 'regoin': did you mean 'region'?" }],
  structuredContent: { code: "unknown_column" },
}));
const [one, other] = InMemoryTransport.createLinkedPair();
const client = new Client({ name: "asks", version: "1" });
await Promise.all([server.connect(one), client.connect(other)]);
const call = async () => {
  try {
    const result = await client.callTool({ name: "ask", arguments: {} });
    return `isError ${result.isError}: ${result.content[0].text}`;
  } catch (error) {
    return `thrown ${error.code}: ${error.message}`;
  }
};
console.log("before tools/list ->", await call());
await client.listTools();
console.log("after tools/list  ->", await call());
await client.close();
JS
node seen.mjs | tee seen.txt
grep -q "^before tools/list -> isError true: no column 'regoin'" seen.txt
grep -q "^after tools/list  -> thrown -32602: .*does not match the tool's output schema" seen.txt
