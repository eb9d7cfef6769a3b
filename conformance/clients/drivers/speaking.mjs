// What every driver for Node has in common: the same lines of JSON as `speaking.py` reads and writes.
import { createInterface } from "node:readline";

export function words(error) {
  const cause = error?.cause ? `\n${words(error.cause)}` : "";
  return error instanceof Error ? `${error.name}: ${error.message}${cause}` : String(error);
}

function say(shown, raised = false) {
  process.stdout.write(JSON.stringify({ shown, raised }) + "\n");
}

function within(promise, seconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no reply within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function done(client, command) {
  if (command.do === "tools") return (await client.tools()).join(" ");
  if (command.do === "call") return client.call(command.tool, command.arguments, undefined);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), command.after * 1000);
  try {
    return await within(client.call(command.tool, command.arguments, stop.signal), 15);
  } catch {
    return "cancelled";
  }
}

export async function drive(connect) {
  const [url, key] = process.argv.slice(2);
  try {
    const client = await connect(new URL(`${url}/mcp`), { Authorization: `Bearer ${key}` });
    say("connected");
    for await (const line of createInterface({ input: process.stdin })) {
      try {
        say(await within(done(client, JSON.parse(line)), 45));
      } catch (error) {
        say(words(error), true);
      }
    }
  } catch (error) {
    say(words(error), true);
  }
  process.exit(0);
}

export function text(content) {
  return content.map((each) => each.text ?? JSON.stringify(each)).join("\n");
}
