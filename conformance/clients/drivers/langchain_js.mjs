// LangChain.js: structured tools, whose arguments are checked before they are sent.
import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { drive, words } from "./speaking.mjs";

await drive(async (url, headers) => {
  const client = new MultiServerMCPClient({ mcpServers: { gate: { transport: "http", url: String(url), headers } } });
  const loaded = await client.getTools();
  // Without it a model is told that its arguments are wrong, and not which.
  for (const each of loaded) each.verboseParsingErrors = true;
  const tools = Object.fromEntries(loaded.map((each) => [each.name, each]));
  return {
    tools: async () => Object.keys(tools),
    call: async (name, args, signal) => {
      try {
        const made = await tools[name].invoke({ name, args, id: "1", type: "tool_call" }, { signal });
        return typeof made.content === "string" ? made.content : JSON.stringify(made.content);
      } catch (error) {
        // As a graph's tool node words it for the model.
        if (signal?.aborted) throw error;
        return `Error: ${words(error)}\n Please fix your mistakes.`;
      }
    },
  };
});
