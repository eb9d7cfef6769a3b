// The OpenAI Agents SDK for JavaScript.
import { MCPServerStreamableHttp, RunContext, getAllMcpTools } from "@openai/agents";
import { drive } from "./speaking.mjs";

await drive(async (url, headers) => {
  const server = new MCPServerStreamableHttp({ url: String(url), name: "gate", requestInit: { headers } });
  await server.connect();
  const found = await getAllMcpTools({ mcpServers: [server], convertSchemasToStrict: true });
  const tools = Object.fromEntries(found.map((each) => [each.name, each]));
  return {
    tools: async () => Object.keys(tools),
    call: async (name, args, signal) => {
      const made = await tools[name].invoke(new RunContext(), JSON.stringify(args), { signal });
      return typeof made === "string" ? made : JSON.stringify(made);
    },
  };
});
