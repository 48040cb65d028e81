// Reads random_answers' lines on standard input, and lets ajv say which answers are valid. Writes a
// line of JSON for each schema: {file, valid, invalid: [[answer, why]], ajv: "what it says if it
// cannot use the schema"}.
//
// Each schema by the draft that it names; without one, by 2020-12, and if ajv cannot read it so, by
// draft 7 and draft 4, whose words (items as a list, a boolean exclusiveMinimum) it uses then.
import fs from "node:fs";
import readline from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_ROOT + "/");
const formats = require("ajv-formats");
const drafts = {
  "2020": require("ajv/dist/2020"),
  "2019": require("ajv/dist/2019"),
  "7": require("ajv"),
  "4": require("ajv-draft-04"),
};

function order(schema) {
  const named = String(schema?.$schema ?? "");
  if (named.includes("draft-04") || named.includes("draft-03")) return ["4", "7", "2020"];
  if (/draft-0[67]/.test(named)) return ["7", "4", "2020"];
  if (named.includes("2019")) return ["2019", "7"];
  return ["2020", "7", "4"];
}

// Some schemas use an id twice, or in places where it is none: without ids, where no reference
// needs them.
function withoutIds(part) {
  if (Array.isArray(part)) return part.map(withoutIds);
  if (part === null || typeof part !== "object") return part;
  const kept = Object.entries(part).filter(
    ([key, value]) => !((key === "id" || key === "$id") && typeof value === "string"));
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutIds(value)]));
}

function compiled(schema) {
  try {
    return compiledAs(schema);
  } catch (error) {
    try {
      return compiledAs(withoutIds(schema));
    } catch {
      throw error;
    }
  }
}

function compiledAs(schema) {
  let first = null;
  for (const unicodeRegExp of [true, false]) {
    for (const draft of order(schema)) {
      const Ajv = drafts[draft].default ?? drafts[draft];
      const ajv = new Ajv({
        strict: false, logger: false, validateSchema: false, unicodeRegExp,
        multipleOfPrecision: 6, validateFormats: true,
      });
      (formats.default ?? formats)(ajv);
      try {
        return [ajv.compile(schema), ajv];
      } catch (error) {
        first ??= error;
      }
    }
  }
  throw first;
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const row = JSON.parse(line);
  if (!row.answers) continue;
  const out = { file: row.file, valid: 0, invalid: [] };
  try {
    const schema = JSON.parse(fs.readFileSync(row.file, "utf8"));
    const [validate, ajv] = compiled(schema);
    for (const answer of row.answers) {
      try {
        if (validate(JSON.parse(answer))) out.valid += 1;
        else out.invalid.push([answer, ajv.errorsText(validate.errors)]);
      } catch (error) {
        out.invalid.push([answer, String(error)]);
      }
    }
  } catch (error) {
    out.ajv = String(error).slice(0, 300);
  }
  console.log(JSON.stringify(out));
}
