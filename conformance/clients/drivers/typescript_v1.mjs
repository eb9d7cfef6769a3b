// The official TypeScript SDK 1.x, which checks results against the schemas that it listed.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { drive, text } from "./speaking.mjs";

await drive(async (url, headers) => {
  const client = new Client({ name: "typescript-v1", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  const listed = await client.listTools();
  return {
    tools: async () => listed.tools.map((each) => each.name),
    call: async (name, args, signal) => text((await client.callTool({ name, arguments: args }, undefined, { signal })).content),
  };
});
