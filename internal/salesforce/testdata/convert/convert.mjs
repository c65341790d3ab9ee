// Converts the source project in the folder that is named first to metadata
// format in the second, as `sf project deploy start` does before it sends
// anything, and parses every Apex class. Prints what was found as JSON.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ComponentSet, MetadataConverter } from '@salesforce/source-deploy-retrieve';
import { ApexErrorListener, ApexParserFactory, ApexParseTreeWalker, ApexParserBaseListener } from '@apexdevtools/apex-parser';

const [project, output] = process.argv.slice(2);
const source = JSON.parse(readFileSync(join(project, 'sfdx-project.json'), 'utf8'));
const folder = source.packageDirectories.find((d) => d.default).path;

const components = ComponentSet.fromSource(join(project, folder));
components.sourceApiVersion = source.sourceApiVersion;
await new MetadataConverter().convert(components, 'metadata', { type: 'directory', outputDirectory: output, genUniqueDir: false });

// What an Apex class declares and calls, by name: enough to say what its tests
// reach, without an org that could run them.
class Reader extends ApexParserBaseListener {
  constructor() {
    super();
    this.methods = [];
    this.open = [];
  }
  start(name, annotations) {
    const method = { name, statements: 0, calls: [], annotations };
    this.methods.push(method);
    this.open.push(method);
  }
  here() {
    return this.open[this.open.length - 1];
  }
  enterMethodDeclaration(ctx) {
    const around = ctx.parentCtx?.parentCtx ?? ctx.parentCtx;
    this.start(ctx.id().getText(), (around?.modifier_list?.() ?? []).map((m) => m.getText()).filter((m) => m.startsWith('@')));
  }
  exitMethodDeclaration() {
    this.open.pop();
  }
  enterConstructorDeclaration(ctx) {
    this.start(ctx.qualifiedName().getText(), []);
  }
  exitConstructorDeclaration() {
    this.open.pop();
  }
  enterStatement() {
    const method = this.here();
    if (method) method.statements += 1;
  }
  enterMethodCall(ctx) {
    this.here()?.calls.push((ctx.id?.() ?? ctx).getText());
  }
  enterDotMethodCall(ctx) {
    this.here()?.calls.push(ctx.anyId().getText());
  }
  enterCreatedName(ctx) {
    this.here()?.calls.push(ctx.getText().split('.').pop());
  }
}

class Complaints extends ApexErrorListener {
  constructor(into) {
    super();
    this.into = into;
  }
  apexSyntaxError(line, column, message) {
    this.into.push(`${line}:${column}: ${message}`);
  }
}

const apex = {};
const classes = join(project, folder, 'main/default/classes');
for (const name of readdirSync(classes).filter((n) => n.endsWith('.cls')).sort()) {
  const errors = [];
  const parser = ApexParserFactory.createParser(readFileSync(join(classes, name), 'utf8'));
  parser.removeErrorListeners();
  parser.addErrorListener(new Complaints(errors));
  const tree = parser.compilationUnit();
  const reader = new Reader();
  ApexParseTreeWalker.DEFAULT.walk(reader, tree);
  apex[name] = { errors, methods: reader.methods };
}

console.log(
  JSON.stringify({
    components: components
      .getSourceComponents()
      .toArray()
      .map((c) => ({ type: c.type.name, name: c.fullName })),
    apex,
  }),
);
