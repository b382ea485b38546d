// npm run contract: writes contracts/json, the workflows' inputs, results, queries and updates as JSON Schema for callers in other
// languages, from the schemas and their comments. With --check it changes nothing and fails when a file is not current.
import './node-version.mjs';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import prettier from 'prettier';
import ts from 'typescript';
import { ROOT, setUpOrExit } from './set-up.mjs';

const CONTRACTS = path.join(ROOT, 'contracts');
const OUT = path.join(CONTRACTS, 'json');

await setUpOrExit({ python: [] });
const require = createRequire(import.meta.url);
const { z } = require('zod');
const built = (name) => require(path.join(ROOT, 'dist', 'contracts', `${name}.js`));
const { WORKFLOW_CONTRACTS, INTERNAL_WORKFLOW_CONTRACTS } = built('workflow-contracts');
const { TASK_QUEUE } = built('task-queue');

const docs = commentsOf(['run', 'quality', 'incidents', 'publications', 'workflow-inputs']);
const files = new Map();
for (const [workflowType, contract] of Object.entries({ ...WORKFLOW_CONTRACTS, ...INTERNAL_WORKFLOW_CONTRACTS })) {
  const text = JSON.stringify(asJson(workflowType, contract));
  const options = await prettier.resolveConfig(OUT);
  files.set(`${workflowType}.json`, await prettier.format(text, { ...options, parser: 'json' }));
}
if (process.argv.includes('--check')) check();
else write();

function asJson(workflowType, { does, input, result, queries, updates }) {
  const each = (entries, convert) => Object.fromEntries(Object.entries(entries).map(([name, e]) => [name, convert(e)]));
  return {
    workflowType,
    taskQueue: TASK_QUEUE,
    description: does,
    input: input ? schemaOf(input) : null,
    result: schemaOf(result),
    queries: each(queries, (query) => ({ description: query.does, result: schemaOf(query.result) })),
    updates: each(updates, (update) => ({
      description: update.does,
      input: update.input ? schemaOf(update.input) : null,
      result: schemaOf(update.result),
    })),
  };
}

/** What may be sent, and what must be expected: later versions may add fields to results, so these refuse none. */
function schemaOf(schema) {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const about = docs.schemas.get(zodSchema);
      if (about && !jsonSchema.description) jsonSchema.description = about;
      // That every whole number is exact in JavaScript goes without saying.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (!(zodSchema instanceof z.ZodObject)) return;
      for (const field of Object.keys(zodSchema.shape)) {
        const comment = commentOnField(zodSchema, field);
        // A copy: fields of one schema share theirs.
        if (comment) jsonSchema.properties[field] = { ...jsonSchema.properties[field], description: comment };
      }
    },
  });
}

/** A field that was taken over from another schema has its comment there. */
function commentOnField(schema, field) {
  const declared = docs.fields.filter((doc) => doc.field === field && doc.schema.shape[field] === schema.shape[field]);
  const found = declared.find((doc) => doc.schema === schema) || declared.find((doc) => doc.comment);
  return found && found.comment;
}

/** The comments on exported schemas, by the schema, and on their fields. */
function commentsOf(names) {
  const schemas = new Map();
  const fields = [];
  for (const name of names) {
    const source = fs.readFileSync(path.join(CONTRACTS, `${name}.ts`), 'utf8');
    const file = ts.createSourceFile(`${name}.ts`, source, ts.ScriptTarget.Latest, true);
    const exported = built(name);
    for (const statement of file.statements.filter(ts.isVariableStatement)) {
      for (const { name: variable, initializer } of statement.declarationList.declarations) {
        const schema = exported[variable.getText()];
        if (!(schema instanceof z.ZodType)) continue;
        const about = commentOn(statement);
        if (about) schemas.set(schema, about);
        if (!(schema instanceof z.ZodObject)) continue;
        for (const property of objectIn(initializer).properties.filter(ts.isPropertyAssignment)) {
          fields.push({ schema, field: property.name.getText(), comment: commentOn(property) });
        }
      }
    }
  }
  return { schemas, fields };
}

function objectIn(node) {
  if (ts.isObjectLiteralExpression(node)) return node;
  return ts.forEachChild(node, (child) => (ts.isFunctionLike(child) ? undefined : objectIn(child)));
}

function commentOn(node) {
  const [comment] = ts.getJSDocCommentsAndTags(node);
  return comment && ts.getTextOfJSDocComment(comment.comment).replace(/\s+/g, ' ').trim();
}

function write() {
  fs.rmSync(OUT, { recursive: true, force: true });
  fs.mkdirSync(OUT);
  for (const [name, text] of files) fs.writeFileSync(path.join(OUT, name), text);
  console.log(`${OUT}: ${files.size} files`);
}

function check() {
  const there = fs.existsSync(OUT) ? fs.readdirSync(OUT) : [];
  const isCurrent = (name) => there.includes(name) && fs.readFileSync(path.join(OUT, name), 'utf8') === files.get(name);
  const stale = [...new Set([...files.keys(), ...there])].filter((name) => !files.has(name) || !isCurrent(name));
  if (stale.length === 0) return;
  console.error(
    `contracts/json is not what the schemas say (${stale.join(', ')}): run \`npm run contract\` and commit it.`,
  );
  process.exitCode = 1;
}
