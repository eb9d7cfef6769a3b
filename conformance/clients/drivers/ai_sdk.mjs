// Vercel's AI SDK: what a tool's `execute` returns is what the model is sent.
import { createMCPClient } from "@ai-sdk/mcp";
import { drive } from "./speaking.mjs";

await drive(async (url, headers) => {
  const client = await createMCPClient({ transport: { type: "http", url: String(url), headers } });
  const tools = await client.tools();
  return {
    tools: async () => Object.keys(tools),
    call: async (name, args, signal) => {
      const made = await tools[name].execute(args, { toolCallId: "1", messages: [], abortSignal: signal });
      return JSON.stringify(made);
    },
  };
});
