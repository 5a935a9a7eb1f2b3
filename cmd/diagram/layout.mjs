// Lays a DOT graph out with Graphviz in WebAssembly, which needs no installation
// and no fonts, and so makes the same SVG on every machine.
import { readFileSync } from "node:fs";
import { instance } from "@viz-js/viz";

const { status, output, errors } = (await instance()).render(readFileSync(0, "utf8"), { format: "svg" });
if (status !== "success" || errors.length > 0) {
  console.error(errors.map(({ message }) => message).join("\n"));
  process.exit(1);
}
process.stdout.write(output);
