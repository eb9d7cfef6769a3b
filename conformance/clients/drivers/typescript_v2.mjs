// The official TypeScript SDK 2.x.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { drive, text } from "./speaking.mjs";

await drive(async (url, headers) => {
  const client = new Client({ name: "typescript-v2", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  const listed = await client.listTools();
  return {
    tools: async () => listed.tools.map((each) => each.name),
    call: async (name, args, signal) => text((await client.callTool({ name, arguments: args }, { signal })).content),
  };
});
